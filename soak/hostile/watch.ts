import type { Gateway } from './gateway.ts';
import { followLog, type LogLines } from './log-lines.ts';

/** What the gateway took at one moment. */
export interface Sample {
  /** since the strangers began */
  readonly minute: number;
  readonly residentMb: number;
  readonly openFiles: number;
}

export interface Watch {
  readonly samples: readonly Sample[];
  readonly log: LogLines;
  stop(): void;
}

/** Looks at the gateway once a second, from outside. */
export function watch(gateway: Gateway, note: (line: string) => void): Watch {
  const began = Date.now();
  const samples: Sample[] = [];
  const log = followLog(gateway.logFile);
  const look = () => {
    const minute = (Date.now() - began) / 60_000;
    const sample = { minute, residentMb: gateway.residentMb(), openFiles: gateway.openFiles() };
    samples.push(sample);
    log.read(Math.floor(minute));
    if (samples.length % 15 === 0) {
      note(`${sample.residentMb.toFixed(0)} MB, ${sample.openFiles} files and sockets, ${log.total()} log lines`);
    }
  };
  look();
  const timer = setInterval(look, 1000);
  return { samples, log, stop: () => clearInterval(timer) };
}

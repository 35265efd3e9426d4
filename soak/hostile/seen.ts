import type { HonestFigures } from './honest.ts';
import type { LogLines } from './log-lines.ts';
import type { Busy } from './machine.ts';
import type { Stored } from './stored.ts';
import type { StrangersFigures } from './strangers.ts';
import type { Sample } from './watch.ts';

/** All that was seen of one run. */
export interface Seen {
  readonly minutes: number;
  readonly before: Stored & Omit<Sample, 'minute'>;
  /** one a second while the strangers were there, and until all was as before */
  readonly samples: readonly Sample[];
  readonly log: Pick<LogLines, 'worst' | 'most' | 'total'>;
  /** what the gateway took of one core, on average */
  readonly cpuShare: number;
  readonly machine: Busy;
  /** how often each key host was asked */
  readonly keyCalls: readonly { readonly hook: string; readonly calls: number }[];
  readonly traffic: StrangersFigures;
  readonly good: HonestFigures;
  readonly recovered: Recovered;
  readonly after: Stored;
  /** files in which something of strangers stands */
  readonly marked: readonly string[];
  readonly stop: { readonly seconds: number; readonly code: number | null };
}

/** The gateway some time after the strangers left. */
export interface Recovered extends Omit<Sample, 'minute'> {
  /** status of `/healthz` */
  readonly health: number;
  /** of one more event, and how its run ended */
  readonly eventId: string | undefined;
  readonly runStatus: string | undefined;
  /** runs that are not done */
  readonly openRuns: number;
}

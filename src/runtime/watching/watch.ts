import type { Logger } from 'pino';
import { runProcess } from '../../agent/command/process-group.ts';
import { messageOf } from '../../domain/errors.ts';
import { oneLine } from '../../domain/run.ts';
import type { Mask } from '../../domain/text/mask.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { Executor } from '../../store/database.ts';
import {
  type Alarm,
  type AlarmRow,
  endAlarm,
  forgetAlarms,
  markTold,
  openAlarms,
  raiseAlarm,
  untoldAlarms,
} from '../../store/queries/alarms.ts';
import type { Store } from '../../store/store.ts';

/** A kind of trouble that can be read off the state of things: an alarm for each cause there is now, none when all is well. */
export interface AlarmCheck {
  /** what its causes begin with: an open alarm of these that it does not give any more is over */
  readonly prefix: string;
  find(db: Executor, now: number): Promise<readonly Alarm[]> | readonly Alarm[];
}

const everyMs = 5000;
/** Who was told that something is over is not told before that it is back. */
const quietMs = 10 * 60_000;
const outletMs = 30_000;

export interface Watch {
  /** Looks, and again and again from then on. */
  start(): Promise<void>;
  /** Settles when nothing is under way any more. */
  stop(): Promise<void>;
  /** Looks now, and settles when that is done. */
  look(): Promise<void>;
}

/** Keeps the alarms in step with the state of things, and tells their owner: in the log, and by `alarms.command`. */
export function createWatch(deps: {
  store: Store;
  clock: Clock;
  log: Logger;
  checks: readonly AlarmCheck[];
  /** takes known secrets out of what is told */
  mask: Mask;
  outlet: () => { readonly command?: string | undefined; readonly args: readonly string[]; readonly cwd: string };
}): Watch {
  const { store, clock, log, checks, mask, outlet } = deps;
  const stopping = new AbortController();
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();
  /** no attempt to tell by the command before this: it has failed */
  let silentUntil = 0;

  function next(): void {
    if (!stopping.signal.aborted) cancel = clock.after(everyMs, () => void look().then(next));
  }

  function look(): Promise<void> {
    looking = looking.then(lookNow).catch((error) => {
      log.error({ err: error }, `cannot look after the alarms: ${messageOf(error)}`);
    });
    return looking;
  }

  async function lookNow(): Promise<void> {
    const now = clock.now();
    const found: { check: AlarmCheck; alarms: readonly Alarm[] }[] = [];
    for (const check of checks) {
      try {
        found.push({ check, alarms: await check.find(store.read, now) });
      } catch (error) {
        // The others are looked at all the same, and its own alarms stay as they are.
        log.error({ err: error }, `cannot look after the alarms "${check.prefix}": ${messageOf(error)}`);
      }
    }
    await compare(found, now);
    await tell(now);
  }

  /** Writes only what has changed: this is asked all day long. */
  async function compare(
    found: readonly { check: AlarmCheck; alarms: readonly Alarm[] }[],
    now: number,
  ): Promise<void> {
    const open = await openAlarms(store.read);
    const known = new Map(open.map((alarm) => [alarm.cause, alarm]));
    const wanted = found.flatMap(({ alarms }) => alarms).map((alarm) => ({ ...alarm, sentence: mask(alarm.sentence) }));
    const raised = wanted.filter((alarm) => !isSame(alarm, known.get(alarm.cause)));
    const causes = new Set(wanted.map(({ cause }) => cause));
    const watched = (cause: string) =>
      found.some(({ check: { prefix } }) => cause === prefix || cause.startsWith(`${prefix}:`));
    const over = open.filter(({ cause }) => watched(cause) && !causes.has(cause));
    if (raised.length + over.length === 0) return;
    await store.write(async (tx) => {
      for (const alarm of raised) await raiseAlarm(tx, alarm, now);
      for (const { cause } of over) await endAlarm(tx, cause, now);
      await forgetAlarms(tx);
    });
  }

  async function tell(now: number): Promise<void> {
    if (silentUntil > now && silentUntil <= now + 60_000) return;
    for (const alarm of await untoldAlarms(store.read)) {
      const told = alarm.endedAt === null ? 'raised' : 'ended';
      const sinceTold = now - (alarm.toldAt ?? 0);
      // One told in the future was told before the clock was set back.
      if (told === 'raised' && alarm.told === 'ended' && sinceTold >= 0 && sinceTold < quietMs) continue;
      // What was over before anybody was told is no news.
      const isNews = told === 'raised' || alarm.told === 'raised';
      if (isNews && !(await sayAloud(alarm, now))) return;
      await store.write((tx) => markTold(tx, alarm.id, told, now));
    }
  }

  /** False where the command has failed: then it is tried again in a minute. */
  async function sayAloud(alarm: AlarmRow, now: number): Promise<boolean> {
    const { command, args, cwd } = outlet();
    if (command !== undefined) {
      const problem = await run(command, args, cwd, textOf(alarm)).catch(messageOf);
      if (stopping.signal.aborted) return false;
      if (problem !== undefined) {
        log.error({ cause: alarm.cause }, `alarms.command: ${oneLine(problem, 300)}`);
        silentUntil = now + 60_000;
        return false;
      }
    }
    const { cause, count, remedy, endedAt } = alarm;
    // Not its sentence, which may hold what a provider has said.
    if (endedAt === null) log.warn({ alarm: cause, count, remedy }, 'alarm raised: see `gimli alarms`');
    else log.info({ alarm: cause, count }, 'alarm over');
    return true;
  }

  async function run(
    command: string,
    args: readonly string[],
    cwd: string,
    input: string,
  ): Promise<string | undefined> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(outletMs)]);
    const names = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
    const env = Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
    const { failure } = await runProcess(command, [...args], { cwd, env, input, maxBytes: 100_000, signal });
    return failure === undefined ? undefined : `the command ${failure}`;
  }

  return {
    start: () => look().then(next),
    look,
    async stop() {
      stopping.abort();
      cancel();
      await looking;
    },
  };
}

/** An alarm, or its end, as people read it. */
function textOf({ sentence, remedy, endedAt }: Pick<AlarmRow, 'sentence' | 'remedy' | 'endedAt'>): string {
  return endedAt === null ? `${sentence} ${remedy}` : `Over: ${sentence}`;
}

function isSame(alarm: Alarm, known: AlarmRow | undefined): boolean {
  return known?.sentence === alarm.sentence && known.remedy === alarm.remedy && known.count === alarm.count;
}

import type { TurnError } from '../domain/errors.ts';
import type { Job } from '../domain/job.ts';
import { remedies, type Trouble } from '../domain/trouble.ts';
import type { Moment } from '../queue/moment.ts';
import type { Jobs, View } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import { findGates, type Gate, probeNow, removeGate, saveGate } from '../store/queries/gates.ts';
import type { Beginning } from './jobs/beginning.ts';

// While a provider or a server of tools is in trouble, what needs it waits at its gate: durably, without a place and without a
// call. One probe at a time finds out whether it is well again; then the others go, two for each that is answered, so that the
// number of calls does not depend on how many wait.

/** What a job needs to be well. */
export interface Needs {
  /** one of these providers, the first being its own */
  readonly anyOf: readonly string[];
  /** each of these */
  readonly allOf: readonly string[];
}

/** `hold`: at that gate. `pass`: without asking those that are `shut`. */
type Decision =
  | { readonly pass: true; readonly shut: ReadonlyMap<string, Gate> }
  | { readonly pass: false; readonly hold: Gate };

const firstProbeMs = 2000;
const longestProbeMs = 15 * 60_000;
const longestRetryAfterMs = 60 * 60_000;
/** Where another can stand in, one in trouble is asked all the same until so many calls have failed. */
const mostTries = 20;
/** So many are let go for each that was answered. */
const letGoAtOnce = 2;
/** Those that were let go may end without an answer; then one more goes after so long. */
const stalledMs = 30_000;
/** A gate at which nobody has waited for so long is forgotten. */
const forgottenMs = 60 * 60_000;
/** So many are handed out at a time that have waited as long as they may. */
const lateAtOnce = 20;

/** How long after that many failed probes the next goes out, in ms: 2 s doubling to 15 min, later if the provider asks for it. */
function probeDelayMs(probes: number, retryAfterMs = 0): number {
  const usual = Math.min(longestProbeMs, firstProbeMs * 2 ** Math.min(probes, 20));
  return Math.max(usual, Math.min(longestRetryAfterMs, retryAfterMs));
}

/** Part of a claim: whether the job may begin. One that comes when a probe is due, and nobody waits, is the probe. */
export async function decideEntry(
  { tx, job, now }: Beginning,
  gates: ReadonlyMap<string, Gate>,
  needs: Needs,
): Promise<Decision> {
  const probes: Gate[] = [];
  const passes = (key: string): boolean => {
    const gate = gates.get(key);
    if (!gate || gate.probeJob === job.id) return true;
    // Those that were let go have waited; whoever comes now waits behind them.
    if (gate.state === 'opening') return job.lastGate !== null;
    if (gate.probeAt === null || gate.probeAt > now || gate.probeJob !== null) return false;
    probes.push(gate);
    return true;
  };
  const closed = needs.allOf.find((key) => !passes(key));
  const inTrouble = new Set(needs.anyOf.filter((key) => !passes(key)));
  const hold = closed ?? (needs.anyOf.every((key) => inTrouble.has(key)) ? needs.anyOf[0] : undefined);
  if (hold !== undefined) return { pass: false, hold: gates.get(hold) as Gate };
  for (const gate of probes) await saveGate(tx, { ...gate, probeJob: job.id, probeAt: now + stalledMs });
  const shut = [...inTrouble].flatMap((key) => {
    const gate = gates.get(key);
    return gate?.state === 'shut' && gate.tries >= mostTries ? [[key, gate] as const] : [];
  });
  return { pass: true, shut: new Map(shut) };
}

/** Part of each claim: sends out the probes that are due, and hands out what has waited as long as it may. */
export async function tendGates(moment: Moment): Promise<void> {
  const { tx, queue, now } = moment;
  const gates = await findGates(tx);
  if (gates.size === 0) return;
  for (const gate of gates.values()) if (isDue(gate, now)) await sendProbe(moment, gate, gates);
  await queue.letGoLate(tx, lateAtOnce, now);
}

/** A time that lies further ahead than any is set is one of before the clock was set back. */
function isDue({ probeAt }: Gate, now: number): boolean {
  return probeAt !== null && (probeAt <= now || probeAt > now + longestRetryAfterMs);
}

async function sendProbe({ tx, queue, now }: Moment, gate: Gate, gates: ReadonlyMap<string, Gate>): Promise<void> {
  if (gate.probeJob !== null && (await queue.isRunning(tx, gate.probeJob))) return;
  // Whoever waits at another gate may be able to do with this one.
  const keys = [gate.key, ...[...gates.keys()].filter((key) => key !== gate.key && !isPause(key))];
  for (const key of keys) {
    const [id] = await queue.letGo(tx, key, 1, now);
    if (id === undefined) continue;
    // It may never begin: its mapping may have no money or no place, and who needs more than this may wait elsewhere. Then another goes.
    return saveGate(tx, { ...gate, probeJob: id, probeAt: now + stalledMs });
  }
  if (gate.state === 'opening' || now - (gate.probeAt ?? now) > forgottenMs) return removeGate(tx, gate.key);
  // The next that comes is the probe.
  if (gate.probeJob !== null) await saveGate(tx, { ...gate, probeJob: null });
}

/** What is at a gate has failed. Says whether that counts as an attempt of the job: others were answered meanwhile. */
export async function shutGate(tx: Executor, error: TurnError, job: Job, now: number): Promise<{ counted: boolean }> {
  const key = error.gate ?? '';
  const before = (await findGates(tx)).get(key);
  const { trouble, recorded } = error;
  const isProbe = before?.probeJob === job.id;
  const counted = before?.state !== 'shut' && job.error !== null;
  const tries = (before?.tries ?? 0) + 1;
  if (before?.state === 'shut' && !isProbe) {
    // What was under way when the gate was shut says nothing new.
    await saveGate(tx, { ...before, tries });
    return { counted: false };
  }
  const probes = before ? before.probes + 1 : 0;
  const probeAt = now + probeDelayMs(probes, error.retryAfterMs);
  const since = before?.since ?? now;
  await saveGate(tx, { key, state: 'shut', trouble, reason: recorded, since, tries, probes, probeAt, probeJob: null });
  return { counted };
}

/** What is at these gates has answered. `standInFor` gives in whose place one of them did, if any: others who wait there follow. */
export async function openGates(
  { tx, queue, now }: Moment,
  keys: ReadonlySet<string>,
  standInFor: () => string | undefined,
): Promise<void> {
  if (keys.size === 0) return;
  const gates = await findGates(tx);
  if (gates.size === 0) return;
  const own = standInFor();
  if (own !== undefined && gates.get(own)?.state === 'shut') await queue.letGo(tx, own, letGoAtOnce, now);
  for (const key of keys) {
    const gate = gates.get(key);
    if (!gate || gate.probeAt === null) continue;
    await queue.letGo(tx, key, letGoAtOnce, now);
    if ((await queue.countAt(tx, key)) === 0) await removeGate(tx, key);
    else await saveGate(tx, { ...gate, state: 'opening', probeAt: now + stalledMs, probeJob: null });
  }
}

/** A probe that has to wait for something else asks nobody: another is sent at once. */
export async function freeProbe({ tx, job, now }: Beginning, gates: ReadonlyMap<string, Gate>): Promise<void> {
  for (const gate of gates.values())
    if (gate.probeJob === job.id) await saveGate(tx, { ...gate, probeJob: null, probeAt: now });
}

/** So many look anew at once whether they may go. */
const lookAnew = 10_000;

/** The settings may have changed what is wrong, and what may stand in: each gate gets a probe at once, and who waits looks anew. */
export async function tryAgain(tx: Executor, queue: Jobs & View, now: number): Promise<void> {
  await probeNow(tx, now);
  for (const key of (await findGates(tx)).keys()) if (!isPause(key)) await queue.letGo(tx, key, lookAnew, now);
}

/** How a job waits at a gate. Where only time can help, it gives up `retryForMs` after it began to wait; null: never. */
export function holdAt(
  { key, trouble }: Pick<Gate, 'key' | 'trouble'>,
  { giveUpAt }: Pick<Job, 'giveUpAt'>,
  retryForMs: number | null,
  now: number,
): { gate: string; giveUpAt: number | null } {
  const givesUp = trouble !== 'paused' && 'givesUp' in remedies[trouble as Trouble];
  return { gate: key, giveUpAt: givesUp && retryForMs !== null ? (giveUpAt ?? now + retryForMs) : null };
}

const pausePrefix = 'hook:';
/** Everything is paused. No hook has such a name, nor has a provider. */
export const pauseAll = `${pausePrefix}*`;
export const pauseKey = (hook: string | undefined) => (hook === undefined ? pauseAll : `${pausePrefix}${hook}`);
const isPause = (key: string) => key.startsWith(pausePrefix);

/** Its owner pauses a hook, or everything: accepts go on, and nothing of it begins. */
export async function pause(tx: Executor, hook: string | undefined, now: number): Promise<void> {
  const key = pauseKey(hook);
  const reason = hook === undefined ? 'everything is paused' : `the hook ${hook} is paused`;
  const gate = {
    key,
    state: 'shut',
    trouble: 'paused',
    reason,
    since: now,
    tries: 0,
    probes: 0,
    probeAt: null,
    probeJob: null,
  } as const;
  if (!(await findGates(tx)).has(key)) await saveGate(tx, gate);
}

/** False where it was not paused. */
export async function resume(
  tx: Executor,
  queue: Jobs & View,
  hook: string | undefined,
  now: number,
): Promise<boolean> {
  const key = pauseKey(hook);
  if (!(await findGates(tx)).has(key)) return false;
  await removeGate(tx, key);
  await queue.letGo(tx, key, Number.MAX_SAFE_INTEGER, now);
  return true;
}

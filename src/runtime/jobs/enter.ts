import { splitModel } from '../../agent/model-names.ts';
import type { Run } from '../../domain/run.ts';
import { durationMs } from '../../domain/time/duration.ts';
import { mcpGrants } from '../../domain/tool-grant.ts';
import { findGates, type Gate } from '../../store/queries/gates.ts';
import { findRun, reopenRun } from '../../store/queries/runs.ts';
import { decideEntry, freeProbe, holdAt, type Needs, pauseKey } from '../gates.ts';
import type { Runtime } from '../runtime.ts';
import type { Beginning } from './beginning.ts';

/** How an attempt may begin. */
export interface Entry {
  /** the gates of providers that are known to be in trouble: they are not asked */
  readonly shut: ReadonlyMap<string, Gate>;
  /** why it ends without a try: it has waited as long as it may */
  readonly gaveUp?: string;
}

const open: Entry = { shut: new Map() };

/** Part of a claim: lets a run begin, or puts it at the gate of what it needs and cannot have now; then there is no entry. */
export async function enter(runtime: Runtime, beginning: Beginning, id: string): Promise<Entry | undefined> {
  const { tx, queue, job, now } = beginning;
  // Mostly all is well, and nothing else is asked.
  const gates = await findGates(tx);
  const run = gates.size === 0 ? undefined : await findRun(tx, id);
  if (!run || run.cancelled) return open;
  const settings = runtime.current();
  const decision = await decideEntry(beginning, gates, needsOf(settings, run));
  if (decision.pass) return { shut: decision.shut };
  const { hold } = decision;
  const place = holdAt(hold, job, retryForMs(settings.config, run), now);
  if (place.giveUpAt !== null && place.giveUpAt <= now) return { ...open, gaveUp: hold.reason };
  // Its place among those that wait is by its age.
  await queue.hold(tx, job, { ...place, runAt: run.createdAt, error: null, attempt: 'none' });
  if (hold.trouble === 'paused') await freeProbe(beginning, gates);
  else await reopenRun(tx, run.id, { error: hold.reason, errorCode: 'provider' });
  return undefined;
}

/** How long a run waits at a gate that may never open, in ms; null where it does not give up. */
export function retryForMs({ agents }: ReturnType<Runtime['current']>['config'], { kind, policy }: Run): number | null {
  // The lines of a heartbeat do not grow old.
  return kind === 'heartbeat' ? null : (policy.retryForMs ?? durationMs(agents.defaults.retryFor));
}

/** What a run needs to be well before it begins. */
export function needsOf({ config, models, screener }: ReturnType<Runtime['current']>, run: Run): Needs {
  const providerOf = (model: string) => splitModel(model)[0];
  const own = run.action.model ?? models.defaultModel;
  // Who lets runs go on without a verdict does not want them to wait for one.
  const isScreened = run.policy.screen && run.screening?.verdict !== 'clean' && config.screening.onError === 'block';
  return {
    anyOf: [own, ...models.fallbacks].map(providerOf),
    allOf: [
      pauseKey(run.hook),
      ...mcpGrants(run.policy.tools).map(({ server }) => `mcp:${server}`),
      ...(isScreened ? [providerOf(screener.model)] : []),
    ],
  };
}

import fs from 'node:fs';
import path from 'node:path';
import { isEmptyChecklist } from '../../domain/heartbeat.ts';
import { type BeatState, type NextBeat, nextBeat, notAhead } from '../../domain/next-beat.ts';
import { durationMs } from '../../domain/time/duration.ts';
import { heartbeatJob } from '../../queue/jobs.ts';
import type { Executor } from '../../store/database.ts';
import { findBeatState, saveBeatState } from '../../store/queries/heartbeat.ts';
import { findWaiting } from '../../store/queries/inbox.ts';
import type { Runtime } from '../runtime.ts';
import type { RuntimeSettings } from '../settings.ts';

/** When the next beat is as things are, and why. */
export async function lookAhead(
  { current }: { readonly current: () => { readonly config: Pick<RuntimeSettings, 'agents'> } },
  db: Executor,
  now: number,
): Promise<{ state: BeatState; next: NextBeat }> {
  const { config } = current();
  const { heartbeat, timezone } = config.agents.defaults;
  const { every, minGapSeconds, prompt } = heartbeat;
  const activeHours = heartbeat.activeHours && { timezone, ...heartbeat.activeHours };
  const state = notAhead(await findBeatState(db), now);
  const { wakingSince, oldest } = await findWaiting(db);
  const asked = {
    wakingSince,
    leftBehind: oldest !== null && state.lastAt !== null && oldest <= state.lastAt,
    hasLines: oldest !== null,
    hasTask: prompt !== undefined || !isEmptyChecklist(readChecklist(config)),
  };
  const settings = { everyMs: durationMs(every), minGapMs: minGapSeconds * 1000, activeHours };
  return { state, next: nextBeat(state, asked, settings, now) };
}

/** Has main look when the next beat is due: durably, so that no timer of this process is needed, and it survives restarts. */
export async function planBeat(
  runtime: Pick<Runtime, 'current' | 'queue' | 'onBeatPlanned'>,
  tx: Executor,
  now: number,
): Promise<void> {
  const { state, next } = await lookAhead(runtime, tx, now);
  // The first span is counted from the first start.
  await saveBeatState(tx, { ...state, lookedAt: state.lookedAt ?? now });
  runtime.onBeatPlanned(next);
  if (next.at === null) return;
  const job = heartbeatJob('timer', next.at);
  await runtime.queue.enqueue(tx, job);
  await runtime.queue.reschedule(tx, 'heartbeat', next.at);
}

/** HEARTBEAT.md of the workspace; null where there is none. Read synchronously, since a transaction may be open. */
export function readChecklist(config: Pick<RuntimeSettings, 'agents'>): string | null {
  try {
    return fs.readFileSync(path.join(config.agents.defaults.workspace, 'HEARTBEAT.md'), 'utf8');
  } catch {
    return null;
  }
}

import { promptLimit } from '../../agent/context-sizes.ts';
import type { Heartbeat } from '../../agent/settings/heartbeat.ts';
import { usualPolicy } from '../../domain/mapping.ts';
import { mainSession } from '../../domain/run.ts';
import type { Executor } from '../../store/database.ts';
import { saveBeatState } from '../../store/queries/heartbeat.ts';
import { type SystemEvent, takeLine, takeLines, waitingLines } from '../../store/queries/inbox.ts';
import { findOpenHeartbeat, insertRun, startRun } from '../../store/queries/runs.ts';
import { execute } from '../attempt/execute.ts';
import type { Runtime } from '../runtime.ts';
import type { Handler } from '../worker.ts';
import { enter } from './enter.ts';
import { lookAhead, planBeat } from './plan-beat.ts';

/** A beat reads this many bytes of lines; beats follow until the inbox is empty. */
const maxInboxBytes = 65_536;
/** And this many lines at most. */
const maxLines = 2000;

/**
 * Jobs of kind `heartbeat`: the turn in which main reads its inbox. A beat that was interrupted or failed is taken up
 * again with the lines it had; a new one takes the oldest lines that wait. Whether one begins says the state of the store, not
 * what asked for it.
 */
export function heartbeatHandler(runtime: Runtime): Handler {
  const { queue, clock } = runtime;
  return {
    limit: () => 1,
    async begin(tx, job) {
      const now = clock.now();
      let id = await findOpenHeartbeat(tx);
      id ??= await newBeat(runtime, tx, now);
      if (id === undefined) {
        await queue.complete(tx, job);
        await planBeat(runtime, tx, now);
        return null;
      }
      const entry = await enter(runtime, { tx, queue, job, now }, id);
      const run = entry && (await startRun(tx, id, job.attempt, now));
      if (!entry || !run) return null;
      return (stopping) => execute(runtime, { job, run, entry }, stopping);
    },
  };
}

/** The run of a beat, with the lines it reads, where one is due; else notes that the timer has looked. */
async function newBeat(runtime: Runtime, tx: Executor, now: number): Promise<string | undefined> {
  const { state, next } = await lookAhead(runtime, tx, now);
  if (next.at === null || next.at > now) return undefined;
  if (!next.asks) {
    await saveBeatState(tx, { ...state, lookedAt: now });
    return undefined;
  }
  const { config, models } = runtime.current();
  const settings = config.agents.defaults.heartbeat;
  const id = runtime.store.newId();
  const model = settings.model === undefined ? {} : { model: models.resolve(settings.model) };
  await insertRun(tx, runOfBeat(id, settings, { ...model, withTurns: state.mostLines === null }, now));
  if (state.mostLines === 1) {
    // One that failed alone lets the others go first: if they are answered, it is the line.
    const [line] = await waitingLines(tx, 1, 'least refused');
    if (line) await takeLine(tx, line.id, id);
  } else {
    const ready = models.agent(model.model ?? models.defaultModel);
    const last = firstOf(await waitingLines(tx, state.mostLines ?? maxLines), promptLimit(ready.contextTokens)).at(-1);
    if (last) await takeLines(tx, last.id, id);
  }
  await saveBeatState(tx, { ...state, lookedAt: now, lastAt: now });
  return id;
}

function runOfBeat(id: string, settings: Heartbeat, own: { model?: string; withTurns: boolean }, now: number) {
  const { withTurns, ...model } = own;
  return {
    id,
    kind: 'heartbeat' as const,
    eventId: null,
    hook: 'heartbeat',
    createdAt: now,
    policy: { ...usualPolicy, updateMainSession: 'blocked' as const, tools: settings.tools },
    action: {
      kind: 'agent' as const,
      message: [],
      name: 'Heartbeat',
      sessionKey: mainSession,
      wakeMode: 'next-heartbeat' as const,
      deliver: settings.target !== 'none',
      channel: settings.target,
      ...(settings.to === undefined ? {} : { to: settings.to }),
      ...(withTurns ? {} : { withoutTurns: true }),
      ...model,
    },
  };
}

/** The oldest lines that fit, also into half a prompt of the model, but always one: none may be left out and count as read. */
function firstOf(lines: readonly SystemEvent[], longestPrompt: number): SystemEvent[] {
  const most = Math.min(maxInboxBytes, longestPrompt / 2);
  let bytes = 0;
  const end = lines.findIndex((line, index) => {
    bytes += Buffer.byteLength(line.text);
    return index > 0 && bytes > most;
  });
  return end === -1 ? [...lines] : lines.slice(0, end);
}

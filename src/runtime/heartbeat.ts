import fs from 'node:fs';
import path from 'node:path';
import { heartbeatPrompt, type Prompt } from '../agent/prompt.ts';
import { durationMs } from '../config/duration.ts';
import type { Config } from '../config/schema.ts';
import { isActive, isEmptyChecklist } from '../domain/heartbeat.ts';
import { newId } from '../domain/id.ts';
import { usualPolicy } from '../domain/mapping.ts';
import { mainSession, type Run } from '../domain/run.ts';
import { heartbeatJob } from '../queue/jobs.ts';
import { hasWakingLine, linesOfBeat, type SystemEvent, takeLines, waitingLines } from '../store/inbox.ts';
import { findOpenHeartbeat, insertRun, lastHeartbeatAt, startRun } from '../store/runs.ts';
import { execute } from './execute.ts';
import type { Runtime } from './runtime.ts';
import type { Attempt } from './screen.ts';
import type { Handler } from './worker.ts';

/** A beat reads this many bytes of lines; beats follow until the inbox is empty. */
const maxInboxBytes = 65_536;
/** And this many lines, by how often the model would not answer a beat with the oldest: so the one it is about is found. */
const maxLines = [2000, 20, 1] as const;

/**
 * Jobs of kind `heartbeat`: the turn in which main reads its inbox. A beat that was interrupted or failed is taken up
 * again with the lines it had; a new one takes the oldest lines that wait.
 */
export function heartbeatHandler(runtime: Runtime): Handler {
  const { queue, current, log } = runtime;
  return {
    limit: () => 1,
    async begin(tx, job) {
      const now = Date.now();
      const { config, models } = current();
      const settings = config.agents.defaults.heartbeat;
      let id = await findOpenHeartbeat(tx);
      if (id === undefined) {
        const lines = firstOf(await waitingLines(tx, maxLines[0]));
        const idle = lines.length === 0 && (job.ref === 'wake' || isEmptyChecklist(readChecklist(config)));
        const asleep =
          !isActive(settings.activeHours, now, config.agents.defaults.timezone) && !(await hasWakingLine(tx));
        if (idle || asleep) {
          log.debug({ reason: idle ? 'nothing to look at' : 'outside activeHours' }, 'heartbeat skipped');
          await queue.complete(tx, job);
          return null;
        }
        const earliest = ((await lastHeartbeatAt(tx)) ?? 0) + settings.minGapSeconds * 1000;
        if (earliest > now) {
          await queue.retry(tx, job, { runAt: earliest, error: null, counted: false });
          return null;
        }
        id = newId();
        const model = settings.model === undefined ? {} : { model: models.resolve(settings.model) };
        await insertRun(tx, newBeat(id, settings, model, now));
        const last = lines.at(-1);
        if (last) await takeLines(tx, last.id, id);
      }
      const run = await startRun(tx, id, job.attempt, now);
      return run ? (signal) => execute(runtime, job, run, (attempt) => promptOf(runtime, run, attempt), signal) : null;
    },
  };
}

function newBeat(
  id: string,
  settings: Config['agents']['defaults']['heartbeat'],
  model: { model?: string },
  now: number,
) {
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
      ...model,
    },
  };
}

async function promptOf({ store, current }: Runtime, run: Run, { longestPrompt }: Attempt): Promise<Prompt> {
  const { config } = current();
  const { timezone } = config.agents.defaults;
  const lines = await linesOfBeat(store.read, run.id);
  return heartbeatPrompt({
    instructions: config.agents.defaults.heartbeat.prompt,
    checklist: readChecklist(config),
    lines: lines.map(({ source, text, createdAt }, index) => ({
      label: `inbox[${index}] ${new Date(createdAt).toISOString()} from ${source}`,
      text,
    })),
    time: { now: Date.now(), timezone },
    limit: longestPrompt,
  });
}

/** The oldest lines that fit, but always one. */
function firstOf(lines: readonly SystemEvent[]): SystemEvent[] {
  const limit = maxLines[lines[0]?.refusals ?? 0] ?? 1;
  let bytes = 0;
  const end = lines.findIndex((line, index) => {
    bytes += Buffer.byteLength(line.text);
    return index > 0 && (index >= limit || bytes > maxInboxBytes);
  });
  return end === -1 ? [...lines] : lines.slice(0, end);
}

/** HEARTBEAT.md of the workspace; null where there is none. Read synchronously, since a transaction may be open. */
function readChecklist(config: Config): string | null {
  try {
    return fs.readFileSync(path.join(config.agents.defaults.workspace, 'HEARTBEAT.md'), 'utf8');
  } catch {
    return null;
  }
}

/** Asks for a heartbeat every `heartbeat.every`, counted from the last one, also across restarts. */
export async function startHeartbeatTimer(runtime: Runtime): Promise<{ reschedule(): void; stop(): void }> {
  const { store, queue, current, log } = runtime;
  /** when the timer last began to wait: a beat that is skipped leaves no run to count from */
  let since = (await lastHeartbeatAt(store.read)) ?? Date.now();
  let timer: NodeJS.Timeout | undefined;

  function reschedule(): void {
    clearTimeout(timer);
    const every = durationMs(current().config.agents.defaults.heartbeat.every);
    if (every === 0) return;
    timer = setTimeout(beat, Math.max(0, since + every - Date.now()));
  }

  function beat(): void {
    since = Date.now();
    reschedule();
    store
      .write((tx) => queue.enqueue(tx, heartbeatJob('timer', since)))
      .catch((error) => log.error({ err: error }, 'cannot ask for a heartbeat'));
  }

  reschedule();
  return { reschedule, stop: () => clearTimeout(timer) };
}

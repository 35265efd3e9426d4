import { hookPrompt, outsideValues, type Prompt, type Said } from '../agent/prompt.ts';
import type { AgentAction } from '../domain/action.ts';
import { contextOf, narrow, resolveIn } from '../domain/event.ts';
import type { Run } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { findEvent } from '../store/queries/events.ts';
import { joinedEvents, type RunEvent } from '../store/queries/run-events.ts';
import { startRun } from '../store/queries/runs.ts';
import { markWorkflowStarted } from '../store/queries/workflows.ts';
import { endCancelled } from './cancel.ts';
import { enter } from './enter.ts';
import { execute } from './execute.ts';
import { mainConversation } from './main-conversation.ts';
import type { Runtime } from './runtime.ts';
import { type Attempt, screen } from './screen.ts';
import { withStepResults } from './step-results.ts';
import type { Handler } from './worker.ts';

/** Jobs of kind `run`: the turn of a hook. */
export function runHandler(runtime: Runtime): Handler {
  const { queue, current, clock } = runtime;
  return {
    limit: () => current().config.agents.defaults.maxConcurrent,
    async begin(tx, job) {
      const now = clock.now();
      const entry = await enter(runtime, tx, job, job.ref, now);
      if (!entry) return null;
      const run = await startRun(tx, job.ref, job.attempt, now);
      if (run && !run.cancelled) {
        if (run.workflowRunId !== null) await markWorkflowStarted(tx, run.workflowRunId, now);
        const makePrompt = (attempt: Attempt) => promptOf(runtime, run, attempt);
        return (signal) => execute(runtime, job, run, { makePrompt, ...entry }, signal);
      }
      await queue.complete(tx, job);
      if (run) await endCancelled(runtime, tx, run, {}, now);
      return null;
    },
  };
}

/** The references of the messages are filled from the events as they were stored. Values that screening does not let pass make no prompt. */
async function promptOf(runtime: Runtime, run: Run, attempt: Attempt): Promise<Prompt> {
  const { id, eventId, hook, policy, action } = run;
  const { read } = runtime.store;
  const { receivedAt, ...said } = await saidOf(read, eventId, action);
  const first = { ...said, resolve: await withStepResults(read, run, said.resolve) };
  const joined: Said[] = [];
  for (const event of await joinedEvents(read, id)) joined.push(await saidOf(read, event.eventId, event));
  const limit = attempt.longestPrompt;
  await screen(runtime, run, outsideValues([first, ...joined], limit), attempt);
  const conversation = policy.context === 'main' ? await mainConversation(read) : [];
  const { timezone } = runtime.current().config.agents.defaults;
  const time = { now: runtime.clock.now(), timezone, receivedAt };
  return hookPrompt({ hook, policy, action, resolve: first.resolve, joined, conversation, time, limit });
}

async function saidOf(
  db: Executor,
  eventId: string | null,
  { message, data, each }: Pick<RunEvent, 'message' | 'each'> & Pick<AgentAction, 'data'>,
): Promise<Said & { readonly receivedAt: number }> {
  const event = eventId === null ? undefined : await findEvent(db, eventId);
  if (!event) throw new Error(`the event ${eventId} of this run is gone`);
  return { message, data, resolve: resolveIn(narrow(contextOf(event), each)), receivedAt: event.receivedAt };
}

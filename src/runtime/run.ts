import { hookPrompt, outsideValues } from '../agent/prompt.ts';
import { contextOf, narrow, resolveIn } from '../domain/event.ts';
import type { Run } from '../domain/run.ts';
import { findEvent } from '../store/events.ts';
import { startRun } from '../store/runs.ts';
import { execute } from './execute.ts';
import { mainConversation } from './main-conversation.ts';
import type { Runtime } from './runtime.ts';
import { type Attempt, screen } from './screen.ts';
import type { Handler } from './worker.ts';

/** Jobs of kind `run`: the turn of a hook. */
export function runHandler(runtime: Runtime): Handler {
  const { queue, current } = runtime;
  return {
    limit: () => current().config.agents.defaults.maxConcurrent,
    async begin(tx, job) {
      const run = await startRun(tx, job.ref, job.attempt, Date.now());
      if (run) return (signal) => execute(runtime, job, run, (attempt) => promptOf(runtime, run, attempt), signal);
      await queue.complete(tx, job);
      return null;
    },
  };
}

/** The message's references are filled from the event as it was stored. Values that screening does not let pass make no prompt. */
async function promptOf(runtime: Runtime, run: Run, attempt: Attempt): Promise<string> {
  const { hook, policy, action } = run;
  const event = run.eventId === null ? undefined : await findEvent(runtime.store.read, run.eventId);
  if (!event) throw new Error(`the event ${run.eventId} of this run is gone`);
  const resolve = resolveIn(narrow(contextOf(event), action.each));
  await screen(runtime, run, outsideValues(action.message, resolve), attempt);
  const conversation = policy.context === 'main' ? await mainConversation(runtime.store.read) : [];
  return hookPrompt({ hook, policy, action, resolve, conversation });
}

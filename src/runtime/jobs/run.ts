import { startRun } from '../../store/queries/runs.ts';
import { markWorkflowStarted } from '../../store/queries/workflows.ts';
import { execute } from '../attempt/execute.ts';
import { endCancelled } from '../ending/end-cancelled.ts';
import type { Runtime } from '../runtime.ts';
import type { Handler } from '../worker.ts';
import { enter } from './enter.ts';

/** Jobs of kind `run`: the turn of a hook. */
export function runHandler(runtime: Runtime): Handler {
  const { queue, current, clock } = runtime;
  return {
    limit: () => current().config.agents.defaults.maxConcurrent,
    async begin(tx, job) {
      const now = clock.now();
      const entry = await enter(runtime, { tx, queue, job, now }, job.ref);
      if (!entry) return null;
      const run = await startRun(tx, job.ref, job.attempt, now);
      if (run && !run.cancelled) {
        if (run.workflowRunId !== null) await markWorkflowStarted(tx, run.workflowRunId, now);
        return (stopping) => execute(runtime, { job, run, entry }, stopping);
      }
      await queue.complete(tx, job);
      if (run) await endCancelled({ tx, queue, now, run, newId: runtime.store.newId }, {});
      return null;
    },
  };
}

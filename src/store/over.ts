import { sql } from 'kysely';
import type { Executor } from './database.ts';
import { prepared } from './prepared.ts';

/** Conditions of what is still under way, on the row of an event, run or workflow of that id. Each is answered by an index. */
const isOpen = sql`status in ('pending', 'running')`;

/** No run or workflow that is under way needs the event. */
export const isEventFree = sql<boolean>`not exists (select 1 from runs where eventId = events.id and ${isOpen})
  and not exists (select 1 from workflowRuns where eventId = events.id and ${isOpen})
  and not exists (select 1 from runEvents join runs on runs.id = runEvents.runId
    where runEvents.eventId = events.id and runs.status in ('pending', 'running'))`;

/** Nothing of what the run has said still waits to be delivered. */
export const isDelivered = sql<boolean>`not exists (select 1 from deliveries where runId = runs.id and status = 'pending')`;

/** The same of all steps of a workflow. */
export const areStepsDelivered = sql<boolean>`not exists (select 1 from runs join deliveries on deliveries.runId = runs.id
  where runs.workflowRunId = workflowRuns.id and deliveries.status = 'pending')`;

/** A run that can be removed by itself: it has ended, is no step of a workflow, and all is delivered. */
export const isRunOver = sql<boolean>`status in ('completed', 'error') and workflowRunId is null and ${isDelivered}`;

/** Whether nothing refers to an event any more, but for the run or workflow that goes with it. */
export async function isEventAlone(db: Executor, id: string, goesWith: string | null): Promise<boolean> {
  return (await findReferences(db, { id, goesWith })).length === 0;
}

const findReferences = prepared(
  (_, { id, goesWith }: { id: string; goesWith: string | null }) => sql<{ found: number }>`
    select 1 as found where exists (select 1 from runs where eventId = ${id} and id is not ${goesWith}
        and (workflowRunId is null or workflowRunId is not ${goesWith}))
      or exists (select 1 from workflowRuns where eventId = ${id} and id is not ${goesWith})
      or exists (select 1 from runEvents where eventId = ${id} and runId is not ${goesWith})`,
);

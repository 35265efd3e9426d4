import type { Action } from '../domain/action.ts';
import { type Context, narrow, resolveIn } from '../domain/event.ts';
import { plain } from '../domain/text/text.ts';
import { next, runOfStep } from '../domain/workflow.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { runJob } from '../queue/jobs.ts';
import { putInInbox } from '../queue/put-in-inbox.ts';
import type { Jobs } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import { insertEvent } from '../store/queries/events.ts';
import type { NewSystemEvent } from '../store/queries/inbox.ts';
import { noteEvent } from '../store/queries/last-events.ts';
import { insertRun } from '../store/queries/runs.ts';
import { endWorkflowRun, insertWorkflowRun, type NewWorkflowRun } from '../store/queries/workflows.ts';
import type { Store } from '../store/store.ts';
import { answersOf } from './answers.ts';
import { dueAt, gatheringOf, join, type RunOfEvent } from './coalesce.ts';
import { type Answer, claim, type DeliveryKey, type NewEvent, onceByMapping, recorded, repeat } from './once.ts';

/** A request that its mapping turned into actions. */
export interface Acceptance {
  readonly event: NewEvent;
  readonly context: Context;
  readonly mapping: Pick<Mapping, 'id' | 'path' | 'policy' | 'limits' | 'expectMs' | 'ignoredIn'>;
  readonly actions: readonly Action[];
  /** undefined: nothing tells it from another */
  readonly once: DeliveryKey | undefined;
}

/** What an action brings about: a run, a workflow, or a line for main. */
interface Effect {
  readonly once: DeliveryKey | undefined;
  readonly run?: RunOfEvent;
  readonly workflow?: NewWorkflowRun;
  readonly line?: NewSystemEvent;
}

/**
 * Stores the event with everything that follows from it in one transaction, and resolves after its commit. What was here
 * before is recorded as a duplicate and answered as it was then. Throws StoreError where it cannot store: then nothing was
 * accepted.
 */
export async function accept(store: Store, queue: Jobs, acceptance: Acceptance): Promise<Answer> {
  const { event, context, mapping, actions, once } = acceptance;
  const ignored = mapping.ignoredIn?.(context.payload);
  const all = actions.map((action) => effectOf(acceptance, action, store));
  const now = event.receivedAt;

  return store.write(async (tx) => {
    const before = await claim(tx, event, once);
    if (before !== undefined && once) return repeat(tx, event, before, once);
    const { made, seen } = await unseen(tx, event, all);
    const [known] = seen;
    if (known && made.length === 0) return repeat(tx, event, known.eventId, known.once);

    const lines = made.flatMap(({ line }) => line ?? []);
    const runIds = new Set<string>();
    for (const { run } of made) if (run) runIds.add(await startOrJoin(tx, queue, mapping, run));
    const workflows = made.flatMap(({ workflow }) => workflow ?? []);
    for (const workflow of workflows) lines.push(...(await startWorkflow(tx, queue, workflow, store.newId())));
    const started = { runIds: [...runIds], workflowRunIds: workflows.map(({ id }) => id) };
    const said = { eventId: event.id, started, mode: lines[0]?.mode, ignored };
    const { status, body } = answersOf[event.endpoint].accepted(said);
    const joined = [...runIds].filter((id) => !made.some(({ run }) => run?.id === id));
    const details = [
      ...(known ? [`${seen.length} of ${all.length} were here before`] : []),
      ...(joined.length > 0 ? [`joined run ${joined.join(', ')}`] : []),
    ];
    const became = recorded(event, details.join('; ') || null);
    const response = JSON.stringify(body);
    await insertEvent(tx, { ...became, mapping: mapping.id, outcome: 'accepted', status, response });
    if (mapping.expectMs !== undefined) await noteEvent(tx, mapping.id, now);
    await putInInbox({ tx, queue, now }, lines);
    return { status, body, outcome: 'accepted', started };
  });
}

function effectOf({ event, context, mapping }: Acceptance, action: Action, { newId }: Store): Effect {
  const { dedupeKey } = action;
  // A replay is asked for, and so it is no repetition.
  const once = dedupeKey === undefined || event.replayOf !== null ? undefined : onceByMapping(mapping.id, dedupeKey);
  // Not the name in the URL, which anybody may choose where a mapping answers for every hook.
  const hook = mapping.path ?? mapping.id;
  const createdAt = event.receivedAt;
  const { policy } = mapping;
  if (action.kind === 'agent') {
    return { once, run: { id: newId(), kind: 'hook', eventId: event.id, hook, action, policy, createdAt } };
  }
  if (action.kind === 'workflow') {
    const id = `wf-${newId()}`;
    const { sessionKey = `workflow:${id}` } = action;
    const started = { id, eventId: event.id, hook, sessionKey, action, policy, group: mapping.id, createdAt };
    return { once, workflow: { ...started, status: 'pending' } };
  }
  // A line of the inbox is one text for its reader, who fences it whole. How long it is was counted when it was made.
  const text = plain(action.text, resolveIn(narrow(context, action.each))).trim();
  return { once, line: { eventId: event.id, source: hook, text, mode: action.wakeMode, createdAt } };
}

/** Puts a run into the queue, or its action into the run that gathers for it. Returns the id of the one or the other. */
async function startOrJoin(
  tx: Executor,
  queue: Jobs,
  mapping: Acceptance['mapping'],
  run: RunOfEvent,
): Promise<string> {
  const { id, action, createdAt } = run;
  const gathering = gatheringOf(mapping, action);
  const joined = gathering && (await join(tx, queue, gathering, run));
  if (joined !== undefined) return joined;
  const runAt = gathering ? dueAt(gathering.coalesce, createdAt, createdAt) : createdAt;
  const more = { once: gathering?.key, group: mapping.id };
  await insertRun(tx, run);
  await queue.enqueue(tx, runJob(id, action.sessionKey, runAt, more));
  return id;
}

/** Stores a workflow with its first step. One of which no step can run has ended already, and main hears of that. */
async function startWorkflow(
  tx: Executor,
  queue: Jobs,
  workflow: NewWorkflowRun,
  runId: string,
): Promise<NewSystemEvent[]> {
  const { id, eventId, action, policy, sessionKey, group, createdAt } = workflow;
  await insertWorkflowRun(tx, workflow);
  const { results, status } = next(action.steps, [], action.continueOnError);
  if (status !== 'running') {
    const summary = 'no step had to run';
    await endWorkflowRun(tx, id, { status, summary, error: null, errorCode: null }, createdAt);
    const line = {
      eventId,
      source: `workflow ${id}`,
      text: `${action.name}: ${summary}`,
      mode: action.wakeMode,
      createdAt,
    };
    return policy.updateMainSession === 'always' ? [line] : [];
  }
  const run = { id: runId, ...runOfStep(workflow, results.length, createdAt) };
  await insertRun(tx, run);
  const job = runJob(run.id, sessionKey, createdAt, group === null ? {} : { group });
  await queue.enqueue(tx, job);
  return [];
}

/** What is new by the `dedupeKey` of its mapping, and which events had the rest. */
async function unseen(tx: Executor, event: NewEvent, all: readonly Effect[]) {
  const made: Effect[] = [];
  const seen: { eventId: string; once: DeliveryKey }[] = [];
  for (const one of all) {
    const { once } = one;
    const eventId = await claim(tx, event, once);
    if (eventId !== undefined && once) seen.push({ eventId, once });
    else made.push(one);
  }
  return { made, seen };
}

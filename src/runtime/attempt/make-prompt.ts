import { type EventMessage, hookPrompt, outsideValues, type Prompt } from '../../agent/prompt/prompt.ts';
import type { AgentAction } from '../../domain/action.ts';
import { contextOf, narrow, resolveIn } from '../../domain/event.ts';
import type { Run } from '../../domain/run.ts';
import type { Executor } from '../../store/database.ts';
import { findEvent } from '../../store/queries/events.ts';
import { joinedEvents, type RunEvent } from '../../store/queries/run-events.ts';
import type { Runtime } from '../runtime.ts';
import { beatPrompt } from './beat-prompt.ts';
import { mainConversation } from './main-conversation.ts';
import { type PromptNeeds, screen } from './screen.ts';
import { withStepResults } from './step-results.ts';

/** What a run asks of a model. Rejects with a `TurnError` where screening does not let its values pass. */
export function makePrompt(runtime: Runtime, run: Run, needs: PromptNeeds): Promise<Prompt> {
  return run.kind === 'heartbeat'
    ? beatPrompt(runtime, run.id, needs.longestPrompt)
    : promptOfHook(runtime, run, needs);
}

/** The references of the messages are filled from the events as they were stored. */
async function promptOfHook(runtime: Runtime, run: Run, needs: PromptNeeds): Promise<Prompt> {
  const { id, eventId, hook, policy, action } = run;
  const { read } = runtime.store;
  const { receivedAt, ...said } = await saidOf(read, eventId, action);
  const first = { ...said, resolve: await withStepResults(read, run, said.resolve) };
  const joined: EventMessage[] = [];
  for (const event of await joinedEvents(read, id)) joined.push(await saidOf(read, event.eventId, event));
  const limit = needs.longestPrompt;
  await screen(runtime, run, outsideValues([first, ...joined], limit), needs);
  const conversation = policy.context === 'main' ? await mainConversation(read) : [];
  const { timezone } = runtime.current().config.agents.defaults;
  const time = { now: runtime.clock.now(), timezone, receivedAt };
  return hookPrompt({ hook, policy, action, resolve: first.resolve, joined, conversation, time, limit });
}

async function saidOf(
  db: Executor,
  eventId: string | null,
  { message, data, each }: Pick<RunEvent, 'message' | 'each'> & Pick<AgentAction, 'data'>,
): Promise<EventMessage & { readonly receivedAt: number }> {
  const event = eventId === null ? undefined : await findEvent(db, eventId);
  if (!event) throw new Error(`the event ${eventId} of this run is gone`);
  return { message, data, resolve: resolveIn(narrow(contextOf(event), each)), receivedAt: event.receivedAt };
}

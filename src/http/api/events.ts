import { Type } from 'typebox';
import { type Endpoint, outcomes } from '../../domain/event.ts';
import { type Payload, readPayload } from '../../domain/payload/read-payload.ts';
import { receive } from '../../ingest/receive.ts';
import { findEvent, listEvents } from '../../store/queries/events.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpError } from '../errors.ts';
import { hookAnswerers } from '../inbound/hooks.ts';
import { specAnswerers } from '../inbound/specs.ts';
import { eventRow, eventRowSchema, eventSchema, eventView, refusedRow, refusedSchema } from '../views/event.ts';
import { freeText, limit, oneOf } from './parameters.ts';
import { type AnyRoute, apiRoute } from './route.ts';

export const getEvents = apiRoute({
  method: 'GET',
  path: '/events',
  about: 'Events, newest first, without what came in.',
  query: {
    hook: freeText('Of this hook.'),
    outcome: oneOf('What became of it.', outcomes),
    before: freeText('Older than the event with this id.'),
    limit: limit(50),
  },
  answer: Type.Object({ events: Type.Array(eventRowSchema) }),
  handle: async ({ store }, { query }) => ({ events: (await listEvents(store.read, query)).map(eventRow) }),
});

export const getEvent = apiRoute({
  method: 'GET',
  path: '/events/:id',
  about: 'An event with what came in.',
  answer: Type.Object({ event: eventSchema }),
  handle: async ({ store }, { params: { id = '' } }) => ({ event: eventView(await eventOf(store, id)) }),
});

export const postReplay = apiRoute({
  method: 'POST',
  path: '/events/:id/replay',
  about: "The event through today's mappings again, as a new event.",
  answer: Type.Object({
    outcome: Type.Enum(outcomes),
    status: Type.Integer({ description: "The answer's HTTP status." }),
    answer: Type.Unknown(),
  }),
  async handle(deps, { params: { id = '' } }) {
    const { store, queue, clock, log } = deps;
    const { endpoint, hook, headers, query, body, outcome, detail } = await eventOf(store, id);
    // It is stored without its body.
    if (outcome === 'duplicate') throw new HttpError('conflict', `this event is ${detail}: replay that one`);
    if (outcome === 'unreadable') {
      throw new HttpError('conflict', 'this event could not be read: there is nothing to replay');
    }
    let read: Payload;
    try {
      read = readPayload(body, headers, endpoint);
    } catch {
      throw new HttpError('conflict', 'the body of this event is not JSON: there is nothing to replay');
    }
    // It proved who sent it when it came; a signature of that time would be too old by now.
    const request = { endpoint, hook, headers, query, body, ...read, replayOf: id };
    const answer = await receive({ store, queue, clock, log }, { ...request, ...whoAnswers(deps, endpoint, hook) });
    return { outcome: answer.outcome, status: answer.status, answer: answer.body };
  },
});

export const getRefused = apiRoute({
  method: 'GET',
  path: '/refused',
  about: 'Calls that were refused since the gateway started, newest first; in memory only.',
  answer: Type.Object({ refused: Type.Array(refusedSchema) }),
  async handle({ refusals, current }) {
    return { refused: refusals.list().map((one) => refusedRow(one, current().mask)) };
  },
});

export const eventRoutes: readonly AnyRoute[] = [getEvents, getEvent, postReplay, getRefused];

async function eventOf({ read }: HttpDeps['store'], id: string) {
  const event = await findEvent(read, id);
  if (!event) throw new HttpError('not-found', 'event not found');
  return event;
}

/** Who answers for a name of an endpoint, by the mappings and specs of today. */
function whoAnswers({ current }: HttpDeps, endpoint: Endpoint, hook: string) {
  return (endpoint === 'specs' ? specAnswerers : hookAnswerers)(current(), hook);
}

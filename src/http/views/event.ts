import { type Static, Type } from 'typebox';
import { type Event, outcomes } from '../../domain/event.ts';
import type { Mask } from '../../domain/text/mask.ts';
import type { RefusedRequest } from '../../ingest/refusals.ts';
import type { EventRow } from '../../store/queries/events.ts';
import { orNull, time } from './shape.ts';

export const eventRowSchema = Type.Object({
  eventId: Type.String(),
  endpoint: Type.Enum(['hooks', 'specs']),
  hook: Type.String(),
  receivedAt: time,
  outcome: Type.Enum(outcomes),
  mapping: orNull(Type.String({ description: 'The id of the mapping that answered for it.' })),
  detail: orNull(Type.String({ description: 'Why nothing came of it.' })),
  status: Type.Integer({ description: "The answer's HTTP status." }),
  answer: Type.Unknown({ description: "The answer's body; null for an empty one." }),
  replayOf: orNull(Type.String({ description: 'The event that was sent through the mappings again.' })),
});

export function eventRow(event: EventRow): Static<typeof eventRowSchema> {
  const { id, endpoint, hook, receivedAt, mapping, outcome, detail, status, response, replayOf } = event;
  const answer = response && JSON.parse(response);
  return { eventId: id, endpoint, hook, receivedAt, outcome, mapping, detail, status, answer, replayOf };
}

const missSchema = Type.Object({
  mapping: Type.String(),
  clause: Type.String({ description: 'What of its `match` failed.' }),
  wanted: Type.String(),
  found: Type.String({ description: 'The value as JSON, or `nothing`.' }),
});

export const eventSchema = Type.Object({
  ...eventRowSchema.properties,
  misses: Type.Array(missSchema, {
    description: 'Why mappings before its own did not take it, or, the closest first, why none did; at most 20.',
  }),
  query: Type.Record(Type.String(), Type.Unknown()),
  headers: Type.Record(Type.String(), Type.String()),
  body: Type.Optional(Type.String()),
  bodyBase64: Type.Optional(Type.String({ description: 'Of a body that is no UTF-8 text.' })),
});

/** An event with what was received; a body that is no UTF-8 text is shown as base64. */
export function eventView(event: Event): Static<typeof eventSchema> {
  const { query, headers, body, misses } = event;
  const text = body.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(body) ? { body: text } : { bodyBase64: body.toString('base64') };
  return { ...eventRow(event), misses: [...misses], query, headers, ...shown };
}

export const refusedSchema = Type.Object({
  time,
  hook: Type.String(),
  method: Type.String(),
  path: Type.String(),
  type: Type.String({ description: 'The content type.' }),
  address: Type.String(),
  status: Type.Integer({ description: "The answer's HTTP status." }),
  step: Type.String({ description: 'Where it was refused.' }),
  detail: Type.String({ description: 'How to mend it.' }),
  body: Type.String({ description: 'How its body begins.' }),
});

/** A caller may have put a secret of ours anywhere. */
export function refusedRow(refused: RefusedRequest, mask: Mask): Static<typeof refusedSchema> {
  const { time, hook, method, path, type, address, status, step, detail, body } = refused;
  return { time, hook: mask(hook), method, path: mask(path), type, address, status, step, detail, body: mask(body) };
}

import type { Selectable } from 'kysely';
import type { Event, Outcome } from '../../domain/event.ts';
import type { Database, Executor } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

const insert = preparedInsert('events', [
  'id',
  'endpoint',
  'hook',
  'receivedAt',
  'queryJson',
  'headersJson',
  'body',
  'mapping',
  'outcome',
  'detail',
  'status',
  'response',
  'replayOf',
  'missesJson',
]);

export function insertEvent(tx: Executor, event: Event): Promise<unknown> {
  const { query, headers, misses, ...same } = event;
  return insert(tx, {
    ...same,
    queryJson: JSON.stringify(query),
    headersJson: JSON.stringify(headers),
    missesJson: misses.length === 0 ? null : JSON.stringify(misses),
  });
}

const find = prepared((db, { id }: { id: string }) => db.selectFrom('events').selectAll().where('id', '=', id));

export async function findEvent(db: Executor, id: string): Promise<Event | undefined> {
  const [row] = await find(db, { id });
  return row && toEvent(row);
}

/** What a list shows of an event: all but the bytes. */
export type EventRow = Pick<
  Event,
  'id' | 'endpoint' | 'hook' | 'receivedAt' | 'mapping' | 'outcome' | 'detail' | 'status' | 'response' | 'replayOf'
>;

/** Newest first; `before` is the id to go on from. */
export function listEvents(
  db: Executor,
  filter: { hook?: string | undefined; outcome?: Outcome | undefined; before?: string | undefined; limit: number },
): Promise<EventRow[]> {
  const { hook, outcome, before, limit } = filter;
  return db
    .selectFrom('events')
    .select(['id', 'endpoint', 'hook', 'receivedAt', 'mapping', 'outcome', 'detail', 'status', 'response', 'replayOf'])
    .$if(hook !== undefined, (query) => query.where('hook', '=', hook as string))
    .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome as Outcome))
    .$if(before !== undefined, (query) => query.where('id', '<', before as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Whole events of hooks, newest first, without those whose body is longer than `maxBytes`. */
export async function latestEvents(
  db: Executor,
  { hook, limit, maxBytes }: { hook: string | undefined; limit: number; maxBytes: number },
): Promise<Event[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('endpoint', '=', 'hooks')
    .where((eb) => eb(eb.fn<number>('length', ['body']), '<=', maxBytes))
    .$if(hook !== undefined, (query) => query.where('hook', '=', hook as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toEvent);
}

function toEvent({ queryJson, headersJson, missesJson, ...same }: Selectable<Database['events']>): Event {
  const misses = missesJson === null ? [] : JSON.parse(missesJson);
  return { ...same, query: JSON.parse(queryJson), headers: JSON.parse(headersJson), misses };
}

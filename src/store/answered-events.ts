import { hash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Event } from '../domain/event.ts';
import type { Database, Executor } from './database.ts';
import { findEvent } from './events.ts';

/** How the first of several deliveries was answered, whether its event is still there or not. */
export interface AnsweredEvent extends Omit<Selectable<Database['answeredEvents']>, 'bodyHash'> {
  /** What of a request is not as it was there. */
  differsIn(request: Pick<Event, 'body' | 'query'>): 'body' | 'query' | null;
}

/** Undefined where the event is gone and its delivery keys with it. */
export async function findAnswered(db: Executor, id: string): Promise<AnsweredEvent | undefined> {
  const event = await findEvent(db, id);
  if (event) return { ...event, differsIn: (request) => difference(hashesOf(event), hashesOf(request)) };
  const row = await db.selectFrom('answeredEvents').selectAll().where('id', '=', id).executeTakeFirst();
  return row && { ...row, differsIn: (request) => difference(row.bodyHash, hashesOf(request)) };
}

/** As `bodyHash` has them: SHA-256 of the body, then of the query. */
function hashesOf({ body, query }: Pick<Event, 'body' | 'query'>): string {
  return hash('sha256', body) + hash('sha256', JSON.stringify(query));
}

function difference(one: string, other: string): 'body' | 'query' | null {
  if (one === other) return null;
  return one.slice(0, 64) === other.slice(0, 64) ? 'query' : 'body';
}

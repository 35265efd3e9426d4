import { hash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Database, Executor } from './database.ts';
import { findEvent } from './events.ts';

/** How the first of several deliveries was answered, whether its event is still there or not. */
export interface AnsweredEvent extends Omit<Selectable<Database['answeredEvents']>, 'bodyHash'> {
  hasBody(body: Buffer): boolean;
}

/** Undefined where the event is gone and its delivery keys with it. */
export async function findAnswered(db: Executor, id: string): Promise<AnsweredEvent | undefined> {
  const event = await findEvent(db, id);
  if (event) return { ...event, hasBody: (body) => body.equals(event.body) };
  const row = await db.selectFrom('answeredEvents').selectAll().where('id', '=', id).executeTakeFirst();
  return row && { ...row, hasBody: (body) => hash('sha256', body) === row.bodyHash };
}

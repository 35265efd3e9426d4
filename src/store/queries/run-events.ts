import { sql } from 'kysely';
import type { AgentAction } from '../../domain/action.ts';
import type { Executor } from '../database.ts';
import { prepared } from '../prepared.ts';

/** An event that joined a run after the one that made it, and what its action says of it. */
export interface RunEvent extends Pick<AgentAction, 'message' | 'each'> {
  readonly eventId: string;
}

/** Puts an event into a run; `seq` counts from 1. */
export async function insertRunEvent(
  tx: Executor,
  { runId, seq, eventId, message, each }: RunEvent & { runId: string; seq: number },
): Promise<void> {
  const json = { messageJson: JSON.stringify(message), eachJson: each ? JSON.stringify(each) : null };
  await tx
    .insertInto('runEvents')
    .values({ runId, seq, eventId, ...json })
    .execute();
}

/** A run that has not begun: when it was made, how many events have joined it since, and how long the texts of all are. */
export function findGathering(
  db: Executor,
  runId: string,
): Promise<{ createdAt: number; joined: number; chars: number | null } | undefined> {
  return db
    .selectFrom('runs')
    .select('createdAt')
    .select(sql<number>`(select coalesce(max(seq), 0) from run_events where run_id = runs.id)`.as('joined'))
    .select(sql<number | null>`json_extract(action_json, '$.chars')`.as('chars'))
    .where('id', '=', runId)
    .where('status', '=', 'pending')
    .executeTakeFirst();
}

/** Notes how long the texts of all events of a run are by now. */
export async function setGathered(tx: Executor, runId: string, chars: number): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ actionJson: sql`json_set(action_json, '$.chars', ${chars})` })
    .where('id', '=', runId)
    .execute();
}

const findJoined = prepared((db, { runId }: { runId: string }) =>
  db.selectFrom('runEvents').selectAll().where('runId', '=', runId).orderBy('seq'),
);

/** The events that joined a run, in the order in which they came. */
export async function joinedEvents(db: Executor, runId: string): Promise<RunEvent[]> {
  const rows = await findJoined(db, { runId });
  return rows.map(({ eventId, messageJson, eachJson }) => ({
    eventId,
    message: JSON.parse(messageJson),
    ...(eachJson && { each: JSON.parse(eachJson) }),
  }));
}

/** The ids of the events that joined each of the runs. */
export async function joinedEventIds(db: Executor, runIds: readonly string[]): Promise<Map<string, string[]>> {
  if (runIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('runEvents')
    .select(['runId', 'eventId'])
    .where('runId', 'in', [...runIds])
    .orderBy('runId')
    .orderBy('seq')
    .execute();
  const grouped = Map.groupBy(rows, ({ runId }) => runId);
  return new Map([...grouped].map(([runId, joined]) => [runId, joined.map(({ eventId }) => eventId)]));
}

import { sql } from 'kysely';
import type { AgentAction } from '../../domain/action.ts';
import type { Executor } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

/** An event that joined a run after the one that made it, and what its action says of it. */
export interface RunEvent extends Pick<AgentAction, 'message' | 'each'> {
  readonly eventId: string;
}

/** What a run that gathers may take in at most: events beside the one that made it, and characters of the texts of all. */
interface MostGathered {
  readonly joined: number;
  readonly chars: number;
}

interface Joining extends RunEvent {
  readonly runId: string;
  /** how long its texts are */
  readonly chars: number;
}

const makeRoom = prepared((tx, { runId, chars, mostJoined, mostChars }: Room) =>
  tx
    .updateTable('runs')
    .set({ joined: sql<number>`joined + 1`, chars: sql<number>`coalesce(chars, 0) + ${chars}` })
    .where('id', '=', runId)
    .where('status', '=', 'pending')
    .where('joined', '<', mostJoined)
    .where(sql<boolean>`coalesce(chars, 0) + ${chars} <= ${mostChars}`)
    .returning(['joined', 'createdAt']),
);

interface Room {
  readonly runId: string;
  readonly chars: number;
  readonly mostJoined: number;
  readonly mostChars: number;
}

const insert = preparedInsert('runEvents', ['runId', 'seq', 'eventId', 'messageJson', 'eachJson']);

/**
 * Puts an event into a run that has not begun and has room for it. Returns when that run was made, in epoch ms; undefined where there
 * is none, or no room: then nothing has changed.
 */
export async function joinRun(
  tx: Executor,
  { runId, eventId, message, each, chars }: Joining,
  most: MostGathered,
): Promise<number | undefined> {
  // The one update asks and takes, so that of several who join at once each has a place of its own.
  const [run] = await makeRoom(tx, { runId, chars, mostJoined: most.joined, mostChars: most.chars });
  if (!run) return undefined;
  const json = { messageJson: JSON.stringify(message), eachJson: each ? JSON.stringify(each) : null };
  await insert(tx, { runId, seq: run.joined, eventId, ...json });
  return run.createdAt;
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

import { sql } from 'kysely';
import type { Executor } from './database.ts';
import { prepared } from './prepared.ts';
import { isTurnOf } from './sessions.ts';

interface TurnRow {
  readonly prompt: string | null;
  readonly replyJson: string | null;
  readonly model: string | null;
  readonly outputText: string | null;
}

/**
 * From turn to turn, back from one that stands before the newest, until the budget is spent: a session may have thousands of turns,
 * and no more of them are read than are wanted.
 */
const findTurns = prepared<{ sessionKey: string; budget: number }, TurnRow>(
  (_, { sessionKey, budget }) => sql<TurnRow>`
    with recursive walk (id, completedAt, size) as (
      values ('', ${sql.lit(Number.MAX_SAFE_INTEGER)}, 0)
      union all
      select turn.id, turn.completedAt, walk.size + length(turn.prompt) + length(turn.replyJson)
        from walk join runs as turn on turn.id = (
          select id from runs where ${isTurnOf(sessionKey)} and (completedAt, id) < (walk.completedAt, walk.id)
            order by completedAt desc, id desc limit 1)
        where walk.size <= ${budget})
    select prompt, replyJson, model, outputText from walk join runs using (id) order by walk.completedAt, walk.id`,
);

/**
 * The newest turns of a session, oldest first: as many as fit into `budget` (characters of prompts and replies), and the one
 * that does not, so that the reader can tell that there were more.
 */
export async function sessionHistory(
  db: Executor,
  sessionKey: string,
  budget: number,
): Promise<{ prompt: string; reply: unknown[]; model: string; outputText: string }[]> {
  const rows = await findTurns(db, { sessionKey, budget });
  return rows.map((row) => ({
    prompt: row.prompt ?? '',
    reply: JSON.parse(row.replyJson ?? '[]'),
    model: row.model ?? '',
    outputText: row.outputText ?? '',
  }));
}

import { sql } from 'kysely';
import type { Executor } from '../database.ts';
import { prepared } from '../prepared.ts';
import { isTurnOf } from './sessions.ts';

interface TurnRow {
  /** 0 where the turn is too large to be read whole */
  readonly isWhole: 0 | 1;
  readonly prompt: string | null;
  readonly promptLeftOut: number;
  readonly replyJson: string | null;
  readonly model: string | null;
  readonly outputText: string | null;
  readonly outputLeftOut: number;
}

/** A turn of a session, as it is replayed. */
interface StoredTurn {
  readonly prompt: string;
  readonly reply: unknown[];
  readonly model: string;
  readonly outputText: string;
  /** characters that are missing in the middle of the two texts, where the turn is larger than the budget */
  readonly leftOut?: { readonly prompt: number; readonly outputText: number };
}

/** No more turns are replayed, however small; and the one beyond them tells that there were more. */
const maxTurns = 201;
/** A large turn counts for this part of the budget, to which its reader may shorten it. */
const partOfLarge = 10;
/** Of a text that is too large to be read, each of its two ends has this part of the budget. */
const partOfEnd = 8;

interface Wanted {
  readonly sessionKey: string;
  readonly budget: number;
  /** what a turn counts for at most */
  readonly large: number;
  readonly end: number;
}

/** SQLite's count of characters ends at a NUL, so bytes have a say. */
const lengthOf = (column: string) =>
  sql`max(length(turn.${sql.ref(column)}), octet_length(turn.${sql.ref(column)}) / 4)`;

/**
 * From turn to turn, back from one that stands before the newest, until the budget is spent: a session may have thousands of turns,
 * and no more of them are read than are wanted, nor more of one than can be replayed.
 */
const findTurns = prepared<Wanted, TurnRow>((_, { sessionKey, budget, large, end }) => {
  const endsOf = (column: 'prompt' | 'outputText') => sql`
    case when isWhole or ${lengthOf(column)} <= 2 * ${end} then turn.${sql.ref(column)}
      else substr(turn.${sql.ref(column)}, 1, ${end}) || substr(turn.${sql.ref(column)}, -${end}) end`;
  const leftOutOf = (column: 'prompt' | 'outputText') => sql`
    case when isWhole then 0 else max(0, ${lengthOf(column)} - 2 * ${end}) end`;
  return sql<TurnRow>`
    ${walk({ sessionKey, budget, large })}
    select isWhole, ${endsOf('prompt')} as prompt, ${leftOutOf('prompt')} as promptLeftOut,
        case when isWhole then turn.replyJson end as replyJson, turn.model,
        ${endsOf('outputText')} as outputText, ${leftOutOf('outputText')} as outputLeftOut
      from walk join runs as turn using (id) order by walk.completedAt, walk.id`;
});

function walk({ sessionKey, budget, large }: Omit<Wanted, 'end'>) {
  return sql`with recursive walk (id, completedAt, size, isWhole, steps) as (
      values ('', ${sql.lit(Number.MAX_SAFE_INTEGER)}, 0, 0, 0)
      union all
      select turn.id, turn.completedAt,
          walk.size + min(${large}, ${lengthOf('prompt')} + ${lengthOf('replyJson')}),
          walk.size + ${lengthOf('prompt')} + ${lengthOf('replyJson')} <= ${budget},
          walk.steps + 1
        from walk join runs as turn on turn.id = (
          select id from runs where ${isTurnOf(sessionKey)} and (completedAt, id) < (walk.completedAt, walk.id)
            order by completedAt desc, id desc limit 1)
        where walk.size <= ${budget} and walk.steps < ${sql.lit(maxTurns)})`;
}

/** A place among the turns of a session, which are in this order. */
export interface TurnPlace {
  readonly completedAt: number;
  readonly id: string;
}

const findOldest = prepared<Omit<Wanted, 'end'>, TurnPlace>(
  (_, wanted) => sql<TurnPlace>`${walk(wanted)}
    select completedAt, id from walk where id <> '' order by completedAt, id limit 1`,
);

/** The oldest turn that `sessionHistory` would give now; undefined where it would give none. */
export async function oldestReplayed(db: Executor, sessionKey: string, budget: number): Promise<TurnPlace | undefined> {
  return (await findOldest(db, { sessionKey, budget, large: largeOf(budget) }))[0];
}

/** What a turn counts for at most. */
const largeOf = (budget: number) => Math.ceil(budget / partOfLarge) || 1;

const findAnyTurn = prepared(
  (_, { sessionKey }: { sessionKey: string }) => sql`select 1 from runs where ${isTurnOf(sessionKey)} limit 1`,
);

/**
 * The newest turns of a session, oldest first: as many as may fit into `budget` (characters of prompts and replies) where large
 * ones are shortened, and one that does not, so that the reader can tell that there were more.
 */
export async function sessionHistory(db: Executor, sessionKey: string, budget: number): Promise<StoredTurn[]> {
  // Most runs have a session of their own, and this costs a tenth of the walk.
  if ((await findAnyTurn(db, { sessionKey })).length === 0) return [];
  const wanted = { large: largeOf(budget), end: Math.ceil(budget / partOfEnd) || 1 };
  const rows = await findTurns(db, { sessionKey, budget, ...wanted });
  return rows.map((row) => ({
    prompt: row.prompt ?? '',
    reply: JSON.parse(row.replyJson ?? '[]'),
    model: row.model ?? '',
    outputText: row.outputText ?? '',
    ...(!row.isWhole && { leftOut: { prompt: row.promptLeftOut, outputText: row.outputLeftOut } }),
  }));
}

import { sql } from 'kysely';
import type { Executor } from '../database.ts';
import { dialectOf, flag } from '../dialect.ts';
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

/** Of a text of a turn. A count of characters may end at a NUL, so bytes have a say. */
function lengthOf(db: Executor, column: 'prompt' | 'replyJson' | 'outputText') {
  const text = sql.ref(`turn.${column}`);
  return sql`coalesce(${dialectOf(db).greatest(sql`length(${text})`, sql`octet_length(${text}) / 4`)}, 0)`;
}

/**
 * From turn to turn, back from one that stands before the newest, until the budget is spent: a session may have thousands of turns,
 * and no more of them are read than are wanted, nor more of one than can be replayed.
 */
const findTurns = prepared<Wanted, TurnRow>((db, { sessionKey, budget, large, end }) => {
  const { endOf, greatest } = dialectOf(db);
  const endsOf = (column: 'prompt' | 'outputText') => {
    const text = sql.ref(`turn.${column}`);
    return sql`case when is_whole = 1 or ${lengthOf(db, column)} <= 2 * ${end} then ${text}
      else substr(${text}, 1, ${end}) || ${endOf(text, sql`${end}`)} end`;
  };
  const leftOutOf = (column: 'prompt' | 'outputText') => sql`
    case when is_whole = 1 then 0 else ${greatest(sql`0`, sql`${lengthOf(db, column)} - 2 * ${end}`)} end`;
  return sql<TurnRow>`
    ${walk(db, { sessionKey, budget, large })}
    select is_whole, ${endsOf('prompt')} as prompt, ${leftOutOf('prompt')} as prompt_left_out,
        case when is_whole = 1 then turn.reply_json end as reply_json, turn.model,
        ${endsOf('outputText')} as output_text, ${leftOutOf('outputText')} as output_left_out
      from walk join runs as turn using (id) order by walk.completed_at, walk.id`;
});

function walk(db: Executor, { sessionKey, budget, large }: Omit<Wanted, 'end'>) {
  const size = sql`${lengthOf(db, 'prompt')} + ${lengthOf(db, 'replyJson')}`;
  return sql`with recursive walk (id, completed_at, size, is_whole, steps) as (
      select '', ${sql.lit(Number.MAX_SAFE_INTEGER)}, 0, 0, 0
      union all
      select turn.id, turn.completed_at, walk.size + ${dialectOf(db).least(sql`${large}`, size)},
          ${flag(sql`walk.size + ${size} <= ${budget}`)}, walk.steps + 1
        from walk join runs as turn on turn.id = (
          select id from runs where ${isTurnOf(sessionKey)} and (completed_at, id) < (walk.completed_at, walk.id)
            order by completed_at desc, id desc limit 1)
        where walk.size <= ${budget} and walk.steps < ${sql.lit(maxTurns)})`;
}

/** A place among the turns of a session, which are in this order. */
export interface TurnPlace {
  readonly completedAt: number;
  readonly id: string;
}

const findOldest = prepared<Omit<Wanted, 'end'>, TurnPlace>(
  (db, wanted) => sql<TurnPlace>`${walk(db, wanted)}
    select completed_at, id from walk where id <> '' order by completed_at, id limit 1`,
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

import { type BeatState, freshState } from '../../domain/next-beat.ts';
import type { Executor } from '../database.ts';

/** What the heartbeat remembers. */
export async function findBeatState(db: Executor): Promise<BeatState> {
  const row = await db.selectFrom('heartbeat').select('stateJson').executeTakeFirst();
  return row ? { ...freshState, ...JSON.parse(row.stateJson) } : freshState;
}

export async function saveBeatState(tx: Executor, state: BeatState): Promise<void> {
  const stateJson = JSON.stringify(state);
  await tx
    .insertInto('heartbeat')
    .values({ id: 1, stateJson })
    .onConflict((known) => known.column('id').doUpdateSet({ stateJson }))
    .execute();
}

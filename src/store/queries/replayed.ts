import { sql } from 'kysely';
import { mainSession } from '../../domain/run.ts';
import type { Executor } from '../database.ts';
import { oldestReplayed, type TurnPlace } from './session-history.ts';
import { findSession } from './sessions.ts';
import type { IsReplayed } from './sweeps.ts';

/** The keys that Gimli makes for what has no session: nothing ever comes to them again. */
const passingKey = /^(hook:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|workflow:wf-[0-9a-f-]{36})$/;
/** So many beats are shown to runs that see main's conversation. */
const beatsShown = 50;
/** The places of so many sessions are remembered. */
const mostSessions = 10_000;

/**
 * Whether a run still stands in what later turns are shown: the turns of its session that are replayed, main's latest beats, or the
 * delivery that says where `last` is. What it has once found holds for as long as it is kept, since conversations only go on.
 *
 * @param budget of a history, in characters
 */
export function createIsReplayed(budget: number): IsReplayed {
  const oldest = new Map<string, TurnPlace | undefined>();
  let shown: { readonly firstBeat: string; readonly routeRun: string | undefined } | undefined;

  async function oldestOf(tx: Executor, key: string): Promise<TurnPlace | undefined> {
    if (!oldest.has(key)) {
      if (oldest.size >= mostSessions) oldest.clear();
      oldest.set(key, await oldestReplayed(tx, key, budget));
    }
    return oldest.get(key);
  }

  return async (tx, { id, sessionKey, status, completedAt, acknowledged }) => {
    if (status !== 'completed' || completedAt === null) return false;
    if (sessionKey === mainSession) {
      shown ??= { firstBeat: await firstBeatShown(tx), routeRun: await runOfRoute(tx) };
      if (id >= shown.firstBeat || id === shown.routeRun) return true;
    }
    if (acknowledged === 1) return false;
    const isPassing = passingKey.test(sessionKey) && ((await findSession(tx, sessionKey))?.turns ?? 0) <= 1;
    if (isPassing) return false;
    const place = await oldestOf(tx, sessionKey);
    return place !== undefined && (completedAt - place.completedAt || (id < place.id ? -1 : 1)) >= 0;
  };
}

async function firstBeatShown(tx: Executor): Promise<string> {
  const { rows } = await sql<{ id: string }>`select id from runs where kind = 'heartbeat' and status = 'completed'
    order by id desc limit ${beatsShown}`.execute(tx);
  return rows.at(-1)?.id ?? '';
}

async function runOfRoute(tx: Executor): Promise<string | undefined> {
  const { rows } = await sql<{
    runId: string;
  }>`select run_id from deliveries where session_key = 'main' and status = 'sent'
    order by completed_at desc limit 1`.execute(tx);
  return rows[0]?.runId;
}

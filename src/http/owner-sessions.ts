import express from 'express';
import {
  clearSession,
  findSession,
  latestTurns,
  listSessions,
  openWorkflow,
  runUnderWay,
  type Session,
} from '../store/queries/sessions.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { limitOf, queryOf } from './query.ts';
import { sessionView, turnView } from './views.ts';

/** `/api/sessions`, for whoever may use the owner's API. */
export function createSessionsApi({ store, clock, log }: HttpDeps): express.Router {
  const router = express.Router();

  router.get('/', async (req, res) => {
    const query = queryOf(req);
    const limit = limitOf(query, 20);
    const before = query.before === undefined ? undefined : readCursor(query.before);
    if (typeof limit === 'string') return refuse(res, 400, limit);
    if (before === null) return refuse(res, 400, 'before must be the `next` of an earlier answer');
    const found = await listSessions(store.read, { before, limit: limit + 1 });
    const sessions = found.slice(0, limit);
    const last = found.length > limit ? sessions.at(-1) : undefined;
    res.json({ ok: true, sessions: sessions.map(sessionView), next: last ? cursorOf(last) : null });
  });

  router.get('/:key', async (req, res) => {
    const { key } = req.params;
    const limit = limitOf(queryOf(req), 20);
    if (typeof limit === 'string') return refuse(res, 400, limit);
    const session = await findSession(store.read, key);
    if (!session) return refuse(res, 404, 'session not found');
    const turns = await latestTurns(store.read, key, limit);
    res.json({ ok: true, session: sessionView(session), turns: turns.map(turnView) });
  });

  router.post('/:key/clear', async (req, res) => {
    const { key } = req.params;
    // One transaction: nothing may begin between the look and the clearing.
    const outcome = await store.write(async (tx) => {
      const [workflow, run] = [await openWorkflow(tx, key), await runUnderWay(tx, key)];
      const busy = workflow ? `workflow ${workflow}` : run && `run ${run}`;
      return { busy, cleared: busy === undefined && (await clearSession(tx, key, clock.now())) };
    });
    // Its replies belong to what is to be cleared, and vendors bind what a model thought to all that stood before it.
    if (outcome.busy !== undefined)
      return refuse(res, 409, `${outcome.busy} of this session is under way: wait for its end, or cancel it`);
    if (!outcome.cleared) return refuse(res, 404, 'session not found');
    log.info('a session was cleared by hand');
    res.json({ ok: true, sessionKey: key });
  });

  return router;
}

/** Where a list goes on. The time stands in it too, since the session may get another turn until then. */
function cursorOf({ updatedAt, key }: Session): string {
  return `${updatedAt}:${key}`;
}

function readCursor(text: string): Pick<Session, 'updatedAt' | 'key'> | null {
  const [, time, key] = /^(\d{1,15}):(.+)$/s.exec(text) ?? [];
  return time === undefined || key === undefined ? null : { updatedAt: Number(time), key };
}

import { Type } from 'typebox';
import {
  clearSession,
  findSession,
  latestTurns,
  listSessions,
  openWorkflow,
  runUnderWay,
  type Session,
} from '../../store/queries/sessions.ts';
import { HttpError } from '../errors.ts';
import { sessionSchema, sessionView, turnSchema, turnView } from '../views/session.ts';
import { orNull } from '../views/shape.ts';
import { limit, type Parameter } from './parameters.ts';
import { type AnyRoute, apiRoute } from './route.ts';

type Cursor = Pick<Session, 'updatedAt' | 'key'>;

const before: Parameter<Cursor> = {
  schema: Type.String({ description: 'The `next` of an earlier answer: where the list goes on.' }),
  wanted: 'the `next` of an earlier answer',
  read(text) {
    const [, time, key] = /^(\d{1,15}):(.+)$/s.exec(text) ?? [];
    return time === undefined || key === undefined ? undefined : { updatedAt: Number(time), key };
  },
};

export const getSessions = apiRoute({
  method: 'GET',
  path: '/sessions',
  about: 'Sessions, the most recently active first.',
  query: { limit: limit(20), before },
  answer: Type.Object({ sessions: Type.Array(sessionSchema), next: orNull(Type.String()) }),
  async handle({ store }, { query: { limit, before } }) {
    const found = await listSessions(store.read, { before, limit: limit + 1 });
    const sessions = found.slice(0, limit);
    const last = found.length > limit ? sessions.at(-1) : undefined;
    // The time stands in it too, since the session may get another turn until then.
    return { sessions: sessions.map(sessionView), next: last ? `${last.updatedAt}:${last.key}` : null };
  },
});

export const getSession = apiRoute({
  method: 'GET',
  path: '/sessions/:key',
  about: 'What was asked and answered in a session since it was last cleared, the newest turns first.',
  query: { limit: limit(20) },
  answer: Type.Object({ session: sessionSchema, turns: Type.Array(turnSchema) }),
  async handle({ store }, { params: { key = '' }, query: { limit } }) {
    const session = await findSession(store.read, key);
    if (!session) throw new HttpError('not-found', 'session not found');
    const turns = await latestTurns(store.read, key, limit);
    return { session: sessionView(session), turns: turns.map(turnView) };
  },
});

const postClear = apiRoute({
  method: 'POST',
  path: '/sessions/:key/clear',
  about: 'Begins a session anew: no later turn sees what was said before.',
  answer: Type.Object({ sessionKey: Type.String() }),
  async handle({ store, clock, log }, { params: { key = '' } }) {
    // One transaction: nothing may begin between the look and the clearing.
    const outcome = await store.write(async (tx) => {
      const [workflow, run] = [await openWorkflow(tx, key), await runUnderWay(tx, key)];
      const busy = workflow ? `workflow ${workflow}` : run && `run ${run}`;
      return { busy, cleared: busy === undefined && (await clearSession(tx, key, clock.now())) };
    });
    // Its replies belong to what is to be cleared, and vendors bind what a model thought to all that stood before it.
    if (outcome.busy !== undefined) {
      const message = `${outcome.busy} of this session is under way: wait for its end, or cancel it`;
      throw new HttpError('conflict', message);
    }
    if (!outcome.cleared) throw new HttpError('not-found', 'session not found');
    log.info('a session was cleared by hand');
    return { sessionKey: key };
  },
});

export const sessionRoutes: readonly AnyRoute[] = [getSessions, getSession, postClear];

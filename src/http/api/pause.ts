import { Type } from 'typebox';
import { pause, pauseAll, resume } from '../../runtime/gates.ts';
import { findGates } from '../../store/queries/gates.ts';
import { HttpError } from '../errors.ts';
import { time } from '../views/shape.ts';
import { freeText } from './parameters.ts';
import { type AnyRoute, apiRoute } from './route.ts';

const one = { hook: freeText('This hook alone.') };
const nothing = Type.Object({});

export const getPause = apiRoute({
  method: 'GET',
  path: '/pause',
  about: 'What is paused.',
  answer: Type.Object({
    all: Type.Boolean(),
    hooks: Type.Array(Type.Object({ hook: Type.String(), since: time })),
  }),
  async handle({ store }) {
    const gates = [...(await findGates(store.read)).values()].filter(({ trouble }) => trouble === 'paused');
    const hooks = gates
      .filter(({ key }) => key !== pauseAll)
      .map(({ key, since }) => ({ hook: key.slice('hook:'.length), since }));
    return { all: gates.some(({ key }) => key === pauseAll), hooks };
  },
});

const postPause = apiRoute({
  method: 'POST',
  path: '/pause',
  about: 'Accepts go on, and nothing of the hook, or nothing at all, begins.',
  query: one,
  answer: nothing,
  async handle({ store, clock, log }, { query: { hook } }) {
    await store.write((tx) => pause(tx, hook, clock.now()));
    log.warn({ hook }, hook === undefined ? 'everything is paused by hand' : 'a hook is paused by hand');
    return {};
  },
});

const postResume = apiRoute({
  method: 'POST',
  path: '/resume',
  about: 'What was paused goes on.',
  query: one,
  answer: nothing,
  async handle({ store, queue, clock, log }, { query: { hook } }) {
    const was = await store.write((tx) => resume(tx, queue, hook, clock.now()));
    const message = hook === undefined ? 'nothing was paused as a whole' : `the hook ${hook} was not paused`;
    if (!was) throw new HttpError('conflict', message);
    log.info({ hook }, hook === undefined ? 'everything goes on' : 'a hook goes on');
    return {};
  },
});

export const pauseRoutes: readonly AnyRoute[] = [getPause, postPause, postResume];

import type { Request, Response } from 'express';
import { pause, pauseAll, resume } from '../runtime/gates.ts';
import { findGates } from '../store/queries/gates.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { queryOf } from './query.ts';

/** `GET /api/pause`: what is paused. */
export async function getPause({ store }: HttpDeps, res: Response): Promise<void> {
  const gates = [...(await findGates(store.read)).values()].filter(({ trouble }) => trouble === 'paused');
  const hooks = gates
    .filter(({ key }) => key !== pauseAll)
    .map(({ key, since }) => ({ hook: key.slice('hook:'.length), since }));
  res.json({ ok: true, all: gates.some(({ key }) => key === pauseAll), hooks });
}

/** `POST /api/pause?hook`: accepts go on, and nothing of the hook, or nothing at all, begins. */
export async function postPause({ store, clock, log }: HttpDeps, req: Request, res: Response): Promise<void> {
  const { hook } = queryOf(req);
  await store.write((tx) => pause(tx, hook, clock.now()));
  log.warn({ hook }, hook === undefined ? 'everything is paused by hand' : 'a hook is paused by hand');
  res.json({ ok: true });
}

/** `POST /api/resume?hook` */
export async function postResume({ store, queue, clock, log }: HttpDeps, req: Request, res: Response): Promise<void> {
  const { hook } = queryOf(req);
  const was = await store.write((tx) => resume(tx, queue, hook, clock.now()));
  if (!was)
    return refuse(res, 409, hook === undefined ? 'nothing was paused as a whole' : `the hook ${hook} was not paused`);
  log.info({ hook }, hook === undefined ? 'everything goes on' : 'a hook goes on');
  res.json({ ok: true });
}

import type { Response } from 'express';
import { listAlarms } from '../store/queries/alarms.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { limitOf } from './query.ts';
import { alarmView } from './views.ts';

/** `GET /api/alarms`: the open ones first. */
export async function getAlarms({ store }: HttpDeps, query: Record<string, string>, res: Response): Promise<void> {
  const limit = limitOf(query, 50);
  if (typeof limit === 'string') return refuse(res, 400, limit);
  const alarms = await listAlarms(store.read, limit);
  res.json({ ok: true, alarms: alarms.map(alarmView) });
}

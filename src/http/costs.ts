import type { Response } from 'express';
import { dayOf } from '../domain/spending.ts';
import { isDaySpent } from '../runtime/budget.ts';
import { spendingSince } from '../store/queries/spending.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { countOf } from './query.ts';
import { costsView } from './views.ts';

const dayMs = 86_400_000;

/** `GET /api/costs`: what was spent in the last days (UTC), today included. */
export async function getCosts(
  { store, clock, current }: Pick<HttpDeps, 'store' | 'clock' | 'current'>,
  query: Record<string, string>,
  res: Response,
): Promise<void> {
  const days = countOf(query, 'days', { usual: 30, most: 366 });
  if (typeof days === 'string') return refuse(res, 400, days);
  const now = clock.now();
  const { budget } = current().config.agents.defaults;
  const rows = await spendingSince(store.read, dayOf(now - (days - 1) * dayMs));
  res.json({ ok: true, ...costsView(rows, { ...budget, isDaySpent: await isDaySpent(store.read, budget, now) }) });
}

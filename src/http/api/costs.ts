import { dayOf } from '../../domain/spending.ts';
import { isDaySpent } from '../../runtime/budget.ts';
import { spendingSince } from '../../store/queries/spending.ts';
import { costsSchema, costsView } from '../views/costs.ts';
import { integer } from './parameters.ts';
import { apiRoute } from './route.ts';

const dayMs = 86_400_000;

export const getCosts = apiRoute({
  method: 'GET',
  path: '/costs',
  about: 'What was spent in the last days (UTC), today included.',
  query: { days: integer('How many days.', { least: 1, most: 366, fallback: 30 }) },
  answer: costsSchema,
  async handle({ store, clock, current }, { query: { days } }) {
    const now = clock.now();
    const { budget } = current().config.agents.defaults;
    const rows = await spendingSince(store.read, dayOf(now - (days - 1) * dayMs));
    return costsView(rows, { ...budget, isDaySpent: await isDaySpent(store.read, budget, now) });
  },
});

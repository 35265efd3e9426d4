import { Type } from 'typebox';
import { isDaySpent } from '../../runtime/budget.ts';
import { pauseAll } from '../../runtime/gates.ts';
import { lookAhead } from '../../runtime/jobs/plan-beat.ts';
import { findGates } from '../../store/queries/gates.ts';
import { countWaiting, linesSetAside } from '../../store/queries/inbox.ts';
import { findOpenHeartbeat, findRun } from '../../store/queries/runs.ts';
import type { HttpDeps } from '../deps.ts';
import { heartbeatSchema, heartbeatView } from '../views/heartbeat.ts';
import { apiRoute } from './route.ts';

/** So many lines that were set aside are shown. */
const mostAside = 20;

export const getHeartbeat = apiRoute({
  method: 'GET',
  path: '/heartbeat',
  about: 'When main looks next and why, or why it does not.',
  answer: Type.Object({ heartbeat: heartbeatSchema }),
  async handle(deps) {
    const { store, clock } = deps;
    const now = clock.now();
    const { state, next } = await lookAhead(deps, store.read, now);
    const hindrance = await whatHinders(deps, now);
    const [waiting, aside] = [await countWaiting(store.read), await linesSetAside(store.read, 0, mostAside)];
    return { heartbeat: heartbeatView({ state, next, hindrance, waiting, aside }) };
  },
});

/** Why the next beat cannot begin though it may be due; null where nothing is in its way. */
async function whatHinders({ store, current }: HttpDeps, now: number): Promise<string | null> {
  const gates = await findGates(store.read);
  if (gates.has(pauseAll)) return 'everything is paused: `gimli resume` lets it go on';
  const id = await findOpenHeartbeat(store.read);
  const run = id === undefined ? undefined : await findRun(store.read, id);
  if (run?.status === 'running') return `one is under way: run ${run.id}`;
  if (run) return `one waits to be tried again (run ${run.id}): ${run.error ?? 'it was cut short'}`;
  const { budget } = current().config.agents.defaults;
  return (await isDaySpent(store.read, budget, now)) ? 'the budget of the day is spent' : null;
}

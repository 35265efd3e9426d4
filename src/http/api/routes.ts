import { Type } from 'typebox';
import { settle } from '../../runtime/ending/record-deliveries.ts';
import { streamFeed } from '../streams/feed.ts';
import { getAlarms } from './alarms.ts';
import { getCosts } from './costs.ts';
import { eventRoutes } from './events.ts';
import { getHeartbeat } from './heartbeat.ts';
import { pauseRoutes } from './pause.ts';
import { type AnyRoute, apiRoute } from './route.ts';
import { runRoutes } from './runs.ts';
import { sessionRoutes } from './sessions.ts';
import { storeRoutes } from './store.ts';
import { workflowRoutes } from './workflows.ts';

export const getLastRoute = apiRoute({
  method: 'GET',
  path: '/last-route',
  about: 'Where the channel `last` leads now, or why nowhere.',
  answer: Type.Object({
    route: Type.Union([
      Type.Object({ channel: Type.String(), to: Type.Optional(Type.String()) }),
      Type.Object({ skipped: Type.String() }),
    ]),
  }),
  async handle(deps) {
    const target = await settle(deps, deps.store.read, { channel: 'last' });
    if ('skipped' in target) return { route: target };
    const { channel, to } = target;
    return { route: { channel, ...(to !== undefined && { to }) } };
  },
});

/** What the owner sees and does: the whole list of `/api`. */
export const apiRoutes: readonly AnyRoute[] = [
  ...runRoutes,
  ...workflowRoutes,
  ...eventRoutes,
  ...sessionRoutes,
  getAlarms,
  getHeartbeat,
  getLastRoute,
  ...pauseRoutes,
  getCosts,
  ...storeRoutes,
  streamFeed,
];

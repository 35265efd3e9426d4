import { Type } from 'typebox';
import type { Cancelled } from '../../runtime/cancel.ts';
import type { Retried, RetryOptions } from '../../runtime/retry.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpError } from '../errors.ts';
import { flagParameter } from './parameters.ts';
import { apiRoute } from './route.ts';

/** What the owner does by hand with runs and workflows alike. */
interface ByHand {
  readonly what: 'run' | 'workflow';
  /** the name of its id in answers and in the log */
  readonly key: 'runId' | 'workflowRunId';
  readonly retry: (
    parts: Pick<HttpDeps, 'store' | 'queue' | 'clock'>,
    id: string,
    options: RetryOptions,
  ) => Promise<Retried>;
  readonly cancel: (parts: Pick<HttpDeps, 'store' | 'queue' | 'live' | 'clock'>, id: string) => Promise<Cancelled>;
}

/** `{runId}` or `{workflowRunId}` */
const named = Type.Object({ runId: Type.Optional(Type.String()), workflowRunId: Type.Optional(Type.String()) });

export function retryRoute({ what, key, retry }: ByHand) {
  return apiRoute({
    method: 'POST',
    path: `/${what}s/:id/retry`,
    about: `The same work again, for a ${what} that ended in error.`,
    query: { unscreened: flagParameter('Without screening what it was stopped for.') },
    answer: named,
    status: 202,
    async handle({ store, queue, clock, log }, { params: { id = '' }, query: { unscreened } }) {
      const refused = await retry({ store, queue, clock }, id, { unscreened });
      if (refused === 'missing') throw new HttpError('not-found', missing[what]);
      if (refused !== null) throw new HttpError('conflict', refused);
      log.info({ [key]: id }, `${what} retried by hand${unscreened ? ', without screening' : ''}`);
      return { [key]: id };
    },
  });
}

export function cancelRoute({ what, key, cancel }: ByHand) {
  return apiRoute({
    method: 'POST',
    path: `/${what}s/:id/cancel`,
    about: `Ends a ${what} that waits or is under way.`,
    answer: named,
    status: 202,
    async handle(deps, { params: { id = '' } }) {
      const outcome = await cancel(deps, id);
      if (outcome === 'missing') throw new HttpError('not-found', missing[what]);
      if (outcome !== 'cancelled') throw new HttpError('conflict', `the ${what} ${notCancelled[outcome]}`);
      deps.log.info({ [key]: id }, `${what} cancelled by hand`);
      return { [key]: id };
    },
  });
}

const missing = { run: 'run not found', workflow: 'workflow run not found' };

const notCancelled = {
  ended: 'has ended already',
  heartbeat: 'is a heartbeat, which is not cancelled: its lines would come again with the next one',
} satisfies Partial<Record<Cancelled, string>>;

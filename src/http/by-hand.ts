import type { Request, Response } from 'express';
import type { Cancelled } from '../runtime/cancel.ts';
import type { Retried, RetryOptions } from '../runtime/retry.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { queryOf } from './query.ts';

/** What the owner does by hand with runs and workflows alike. */
interface Work {
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
type Handler = (req: Request<{ id: string }>, res: Response) => Promise<void>;

/** `POST /api/…/:id/retry?unscreened` */
export function retryRoute(deps: HttpDeps, { what, key, retry }: Work): Handler {
  const { store, queue, clock, log } = deps;
  return async (req, res) => {
    const { id } = req.params;
    const { unscreened: said = 'false' } = queryOf(req);
    const unscreened = said === 'true';
    if (!unscreened && said !== 'false') return refuse(res, 400, 'unscreened must be true or false');
    const refused = await retry({ store, queue, clock }, id, { unscreened });
    if (refused === 'missing') return refuse(res, 404, missing[what]);
    if (refused !== null) return refuse(res, 409, refused);
    log.info({ [key]: id }, `${what} retried by hand${unscreened ? ', without screening' : ''}`);
    res.status(202).json({ ok: true, [key]: id });
  };
}

/** `POST /api/…/:id/cancel` */
export function cancelRoute(deps: HttpDeps, { what, key, cancel }: Work): Handler {
  return async (req, res) => {
    const { id } = req.params;
    const outcome = await cancel(deps, id);
    if (outcome === 'missing') return refuse(res, 404, missing[what]);
    if (outcome !== 'cancelled') return refuse(res, 409, `the ${what} ${notCancelled[outcome]}`);
    deps.log.info({ [key]: id }, `${what} cancelled by hand`);
    res.status(202).json({ ok: true, [key]: id });
  };
}

const missing = { run: 'run not found', workflow: 'workflow run not found' };

const notCancelled = {
  ended: 'has ended already',
  heartbeat: 'is a heartbeat, which is not cancelled: its lines would come again with the next one',
} satisfies Partial<Record<Cancelled, string>>;

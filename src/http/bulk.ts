import type { Request, Response } from 'express';
import { type BulkWork, bulkCancel, bulkRetry, doInBulk, findMatching } from '../runtime/bulk.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';
import { integer, queryOf } from './query.ts';
import { runFilter } from './run-filter.ts';

type Handler = (req: Request, res: Response) => Promise<void>;

const filters = ['status', 'code', 'name', 'since', 'hook'];

/** `POST /api/runs/retry?status&code&name&since&hook&expect` */
export const bulkRetryRoute = (deps: HttpDeps) => bulkRoute(deps, bulkRetry, 'retried');

/** `POST /api/runs/cancel?status&code&name&since&hook&expect` */
export const bulkCancelRoute = (deps: HttpDeps) => bulkRoute(deps, bulkCancel, 'cancelled');

/** Where more match than the owner has seen, nothing is done: he has not asked for that. */
function bulkRoute(deps: HttpDeps, work: BulkWork, verb: 'retried' | 'cancelled'): Handler {
  return async (req, res) => {
    const query = queryOf(req);
    const problem = problemOf(query);
    const filter = problem ?? runFilter(query, deps.clock.now());
    if (typeof filter === 'string') return refuse(res, 400, filter);
    const { statuses = work.statuses } = filter;
    const wrong = statuses.find((status) => !work.statuses.includes(status));
    if (wrong !== undefined) {
      return refuse(
        res,
        400,
        `only runs that are ${work.statuses.join(' or ')} can be ${verb}, not those that are ${wrong}`,
      );
    }
    const expected = integer(query.expect, 0) ?? 0;
    const ids = await findMatching(deps, filter, statuses);
    const matched = ids.length;
    if (matched > expected) {
      const error = `${matched} ${matched === 1 ? 'run matches' : 'runs match'} now, and you expect ${expected}: nothing was done`;
      res.status(409).json({ ok: false, error, matched });
      return;
    }
    const { done, refused } = await doInBulk(deps, work, ids);
    const { status, code, name, since, hook } = query;
    if (matched > 0)
      deps.log.info({ matched, done, filter: { status, code, name, since, hook } }, `runs ${verb} by hand`);
    res.json({ ok: true, matched, done, refused });
  };
}

/** A filter that is misspelt would let all the others through. */
function problemOf(query: Record<string, string>): string | undefined {
  const given = Object.keys(query);
  const stray = given.find((name) => name !== 'expect' && !filters.includes(name));
  if (stray !== undefined) return `there is no filter "${stray}"; there are ${filters.join(', ')}`;
  const empty = filters.find((name) => query[name] === '');
  if (empty !== undefined) return `${empty} must not be empty`;
  if (!filters.some((name) => given.includes(name))) return `give at least one filter of ${filters.join(', ')}`;
  const expect = 'expect must be the number of runs that you have seen to match (the total of GET /api/runs)';
  return query.expect === undefined || integer(query.expect, 0) === undefined ? expect : undefined;
}

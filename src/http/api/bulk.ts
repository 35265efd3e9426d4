import { Type } from 'typebox';
import { type BulkWork, bulkCancel, bulkRetry, doInBulk, findMatching } from '../../runtime/bulk.ts';
import { HttpError } from '../errors.ts';
import { count } from '../views/shape.ts';
import { integer, refuseStrayFilter } from './parameters.ts';
import { apiRoute } from './route.ts';
import { runFilter, runFilters } from './run-filter.ts';

const wanted = 'the number of runs that you have seen to match (the total of GET /api/runs)';
const seenToMatch = { ...integer('How many you have seen to match.', { fallback: -1 }), wanted };

export const retryManyRuns = bulkRoute(bulkRetry, 'retry', 'retried');
export const cancelManyRuns = bulkRoute(bulkCancel, 'cancel', 'cancelled');

/** Where more match than the owner has seen, nothing is done: he has not asked for that. */
function bulkRoute(work: BulkWork, verb: 'retry' | 'cancel', past: 'retried' | 'cancelled') {
  return apiRoute({
    method: 'POST',
    path: `/runs/${verb}`,
    about: `All runs of hooks that match are ${past}: at most as many as you have seen to match.`,
    query: { ...runFilters, expect: seenToMatch },
    answer: Type.Object({ matched: count, done: count, refused: count }),
    async handle(deps, { query: { expect: expected, ...filters }, given }) {
      checkFilters(given);
      const filter = runFilter(filters);
      const { statuses = work.statuses } = filter;
      const wrong = statuses.find((status) => !work.statuses.includes(status));
      if (wrong !== undefined) {
        const can = `only runs that are ${work.statuses.join(' or ')} can be ${past}`;
        throw new HttpError('parameter', `${can}, not those that are ${wrong}`);
      }
      const ids = await findMatching(deps, filter, statuses);
      const matched = ids.length;
      if (matched > expected) {
        const match = matched === 1 ? 'run matches' : 'runs match';
        const message = `${matched} ${match} now, and you expect ${expected}: nothing was done`;
        throw new HttpError('conflict', message, { fields: { matched } });
      }
      const { done, refused } = await doInBulk(deps, work, ids);
      const { expect: _, ...shown } = given;
      if (matched > 0) deps.log.info({ matched, done, filter: shown }, `runs ${past} by hand`);
      return { matched, done, refused };
    },
  });
}

/** A filter that is misspelt would let all the others through. */
function checkFilters(given: Readonly<Record<string, string>>): void {
  const { expect: seen, ...filters } = given;
  refuseStrayFilter(runFilters, filters);
  const names = Object.keys(runFilters);
  const empty = names.find((name) => filters[name] === '');
  if (empty !== undefined) throw new HttpError('parameter', `${empty} must not be empty`);
  if (Object.keys(filters).length === 0) {
    throw new HttpError('parameter', `give at least one filter of ${names.join(', ')}`);
  }
  if (seen === undefined) throw new HttpError('parameter', `expect must be ${wanted}`);
}

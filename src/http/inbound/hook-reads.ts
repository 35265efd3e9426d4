import { serve } from '../api/route.ts';
import { HttpError, refuse } from '../errors.ts';
import { hookReads } from '../read/routes.ts';
import type { Target } from './endpoint.ts';

/** By how many parts their paths have, each part with its name where it is one of a path. */
const reads = hookReads.map((route) => ({ route, parts: route.path.slice(1).split('/') }));

/** What is read at a name below `hooks.path`; undefined where that is a hook. */
export function readAt(name: string): Target['read'] {
  if (!name.startsWith('runs') && !name.startsWith('workflows')) return undefined;
  const given = name.split('/');
  const fits = (parts: readonly string[]) =>
    parts.length === given.length &&
    parts.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]));
  const found = reads.find(({ parts }) => fits(parts));
  if (!found) return undefined;
  const params = Object.fromEntries(
    found.parts.flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), given[at] ?? '']] : [])),
  );
  return async (deps, query, res) => {
    try {
      await serve(found.route, deps, { params, given: query, reader: 'hooks' }, res);
    } catch (error) {
      // It is answered and makes no event.
      if (!(error instanceof HttpError)) throw error;
      refuse(res, error.code, error.message, error.more);
    }
  };
}

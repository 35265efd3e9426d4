import type { HttpDeps } from '../deps.ts';
import { streamRun } from '../run-stream.ts';
import { getRun, getRunStats, getRuns } from '../runs.ts';
import { streamWorkflow } from '../workflow-stream.ts';
import { getWorkflow, getWorkflows } from '../workflows.ts';
import type { Target } from './endpoint.ts';

interface Read {
  readonly path: RegExp;
  serve(deps: HttpDeps, path: string, ...more: ReadArguments): Promise<void>;
}
type ReadArguments = Parameters<NonNullable<Target['read']>> extends [HttpDeps, ...infer More] ? More : never;

/** What is read with the hook token. */
const reads: readonly Read[] = [
  { path: /^runs$/, serve: ({ store }, _path, query, res) => getRuns(store.read, query, res) },
  { path: /^runs\/stats$/, serve: ({ store }, _path, _query, res) => getRunStats(store.read, res) },
  { path: /^runs\/[^/]+\/stream$/, serve: (deps, path, _query, res) => streamRun(deps, idIn(path), 'hooks', res) },
  { path: /^runs\/[^/]+$/, serve: ({ store }, path, _query, res) => getRun(store.read, idIn(path), res) },
  { path: /^workflows$/, serve: ({ store }, _path, query, res) => getWorkflows(store.read, query, res) },
  {
    path: /^workflows\/[^/]+\/stream$/,
    serve: (deps, path, _query, res) => streamWorkflow(deps, idIn(path), 'hooks', res),
  },
  {
    path: /^workflows\/[^/]+$/,
    serve: ({ store }, path, _query, res) => getWorkflow(store.read, idIn(path), 'hooks', res),
  },
];

/** What is read at a name below `hooks.path`; undefined where that is a hook. */
export function readAt(name: string): Target['read'] {
  const read = reads.find(({ path }) => path.test(name));
  return read && ((deps, query, res) => read.serve(deps, name, query, res));
}

function idIn(path: string): string {
  return path.split('/')[1] ?? '';
}

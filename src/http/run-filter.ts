import { type Run, type RunStatus, runErrorCodes, runStatuses } from '../domain/run.ts';
import { sinceHelp, sinceMs } from '../domain/since.ts';
import type { RunFilter } from '../store/queries/runs.ts';

const kinds: readonly Run['kind'][] = ['hook', 'heartbeat'];

/** The filter that a query of the owner asks for, `?status&code&name&since&hook&kind`, or what is wrong with it. */
export function runFilter(query: Record<string, string>, now: number): RunFilter | string {
  const { name, hook } = query;
  const statuses = query.status?.split(',').map((text) => runStatuses.find((known) => known === text));
  const kind = kinds.find((one) => one === query.kind);
  const code = runErrorCodes.find((one) => one === query.code);
  const since = query.since === undefined ? undefined : sinceMs(query.since, now);
  if (statuses?.includes(undefined)) return `status must be one of ${runStatuses.join(', ')}`;
  if (query.kind !== undefined && !kind) return `kind must be one of ${kinds.join(', ')}`;
  if (query.code !== undefined && !code) return `code must be one of ${runErrorCodes.join(', ')}`;
  if (query.since !== undefined && since === undefined) return `since must be ${sinceHelp}`;
  // Once each, since they are counted.
  return { statuses: statuses && [...new Set(statuses as RunStatus[])], name, kind, hook, code, since };
}

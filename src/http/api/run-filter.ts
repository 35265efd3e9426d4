import { runErrorCodes, runStatuses } from '../../domain/run.ts';
import type { RunFilter } from '../../store/queries/runs.ts';
import { freeText, oneOf, type Query, since, someOf } from './parameters.ts';

/** The filters that the owner has for runs. */
export const runFilters = {
  status: someOf('In these states.', runStatuses),
  code: oneOf('With this error.', runErrorCodes),
  name: freeText('A part of the name, in any case.'),
  since: since('Made since then:'),
  hook: freeText('Of this hook.'),
};

export function runFilter({ status, ...others }: Query<typeof runFilters>): RunFilter {
  return { statuses: status, ...others };
}

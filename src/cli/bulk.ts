import { sinceHelp, sinceMs } from '../domain/time/since.ts';
import type { retryManyRuns } from '../http/api/bulk.ts';
import { queryString, withClient } from './client.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import type { Cli } from './io.ts';
import { say } from './print.ts';
import { cancelRun, findRuns, type RunFilterOptions, retryRun, runTable } from './runs.ts';

type Filter = RunFilterOptions & { readonly yes?: true };

interface Work {
  readonly verb: 'retry' | 'cancel';
  readonly done: string;
  /** of runs to which it can be done */
  readonly status: string;
}

const retry: Work = { verb: 'retry', done: 'wait to be tried again', status: 'error' };
const cancel: Work = { verb: 'cancel', done: 'are cancelled', status: 'pending,running' };

/** One run by its id, or all that match. */
export async function retryRuns(
  cli: Cli,
  id: string | undefined,
  { failed, unscreened, ...filter }: Filter & { failed?: true; unscreened?: true },
): Promise<void> {
  if (id !== undefined) {
    refuseBeside(id, { failed, ...filter });
    return retryRun(cli, id, { ...(unscreened && { unscreened }) });
  }
  if (unscreened) throw new CommandError('--unscreened needs a runId: it is for a run whose event you have looked at');
  if (failed && filter.status !== undefined && filter.status !== 'error')
    throw new CommandError('--failed is short for --status error: give one of them');
  return inBulk(cli, retry, failed ? { ...filter, status: 'error' } : filter);
}

/** One run by its id, or all that match. */
export async function cancelRuns(cli: Cli, id: string | undefined, filter: Filter): Promise<void> {
  if (id === undefined) return inBulk(cli, cancel, filter);
  refuseBeside(id, { ...filter });
  return cancelRun(cli, id);
}

function refuseBeside(id: string, options: Record<string, unknown>): void {
  const [given] = Object.entries(options).flatMap(([name, value]) => (value && name !== 'yes' ? [name] : []));
  if (given !== undefined) throw new CommandError(`--${given} is for many runs, and ${id} is one: give one of them`);
}

/** How many of those that match are shown. */
const shown = 5;

/** Counts first, and asks; what the count has not seen is not touched. */
async function inBulk(cli: Cli, { verb, done, status }: Work, options: Filter): Promise<void> {
  const { yes, ...given } = options;
  if (Object.values(given).every((value) => value === undefined)) {
    const failed = verb === 'retry' ? '--failed, ' : '';
    throw new CommandError(
      `give a runId, or what runs are meant: ${failed}--status, --code, --name, --since or --hook`,
    );
  }
  const filter = { ...given, status: given.status ?? status, ...(given.since !== undefined && fixed(given.since)) };
  await withClient(cli, async (client) => {
    const { runs, total } = await findRuns(client, { ...filter, kind: 'hook', limit: shown });
    if (total === 0) return say(cli, 'no runs match');
    say(cli, runTable(runs));
    if (total > runs.length) say(cli, `… and ${total - runs.length} more`);
    const count = total === 1 ? '1 run' : `${total} runs`;
    if (!yes) {
      const them = total === 1 ? 'it' : 'them';
      if (!(await confirm(cli, count, `${verb === 'retry' ? 'Retry' : 'Cancel'} ${them}?`, `${verb} ${them}`)))
        return say(cli, 'nothing was done');
    }
    const answer = await client.post<typeof retryManyRuns>(`/runs/${verb}${queryString({ ...filter, expect: total })}`);
    say(cli, `${answer.done} of ${answer.matched} runs ${done}`);
    if (answer.refused > 0)
      say(
        cli,
        `${answer.refused} could not be: they have ended or gone on meanwhile, or their workflow has; gimli runs ${verb} <runId> says why`,
      );
  });
}

/** As a time, so that it means the same when it is asked twice. */
function fixed(since: string): { since: string } {
  const at = sinceMs(since, Date.now());
  if (at === undefined) throw new CommandError(`--since must be ${sinceHelp}`);
  return { since: new Date(at).toISOString() };
}

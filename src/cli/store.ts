import { loadLeniently } from '../config/load-leniently.ts';
import { sinceHelp, sinceMs } from '../domain/time/since.ts';
import type { AnswerOf } from '../http/api/route.ts';
import type { countPrune, getStore, postPrune } from '../http/api/store.ts';
import { makeShrinkable } from '../store/sqlite/copies.ts';
import { storeOf } from '../store/store-url.ts';
import { queryString, withClient } from './client.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import type { Cli } from './io.ts';
import { bytes, printable, printJson, record, say, time } from './print.ts';

type Pruned = AnswerOf<typeof postPrune>;

/** How large the store is, what is in it, and how long that is kept. */
export async function showStore(cli: Cli, { json }: { json?: boolean }): Promise<void> {
  const { store } = await withClient(cli, (client) => client.get<typeof getStore>('/store'));
  if (json) return printJson(cli, store);
  const { keep, rows, removed } = store;
  const list = (of: readonly (readonly [string, number])[]) => of.map(([noun, count]) => `${count} ${noun}`).join(', ');
  say(
    cli,
    record({
      file: store.file,
      size: `${bytes(store.fileBytes)}, of which ${bytes(store.freeBytes)} unused${store.canShrink ? '' : ' (`gimli prune` without a gateway gives them back)'}; -wal ${bytes(store.walBytes)}`,
      rows: list(Object.entries(rows)),
      oldest: time(store.oldestAt),
      removed: list(removed.map(({ noun, rows: count }) => [`${noun}s`, count])),
      'last removed': time(store.lastRemovedAt),
      keeps: `filtered ${keep.filtered}, events ${keep.events}, runs ${keep.runs}, at most ${keep.maxBytes}`,
    }),
  );
}

interface Selected {
  readonly before?: string;
  readonly hook?: string;
  readonly session?: string;
  readonly run?: string;
}

/** Removes what is older than a time, or all that came of a hook, a session or a run. Counts first, and asks. */
export async function prune(
  cli: Cli,
  { dryRun, yes, ...selected }: Selected & { dryRun?: boolean; yes?: boolean },
): Promise<void> {
  const given = Object.values(selected).filter((value) => value !== undefined);
  if (given.length !== 1) throw new CommandError('give one of --before, --hook, --session and --run');
  const query = queryString({ ...selected, ...(selected.before !== undefined && fixed(selected.before)) });
  const isRunning = await withClient(cli, async (client) => {
    const count = await client.get<typeof countPrune>(`/prune${query}`);
    const all = textOf(count);
    if (count.open > 0) say(cli, `note: ${count.open} runs are still open and stay: end them with gimli runs cancel`);
    const meant = count.near === undefined ? '' : `; did you mean ${printable(count.near)}?`;
    if (all === '') say(cli, `nothing matches${meant}`);
    else if (dryRun) say(cli, `${all} would be removed`);
    else if (await isWanted(cli, all, yes))
      say(cli, `removed ${textOf(await client.post<typeof postPrune>(`/prune${query}`))}`);
    else say(cli, 'nothing was done');
    return client.isRunning;
  });
  if (!isRunning && !dryRun && (await makeShrinkable(fileOf(cli))))
    say(cli, 'the file was written anew, and gives room back by itself from now on');
}

const fileOf = ({ configFile, env }: Cli) => storeOf(loadLeniently(configFile, env).loaded.config.store.url).file;

async function isWanted(cli: Cli, what: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  return confirm(cli, what, 'They cannot be brought back. Remove them?', 'remove them');
}

function textOf(count: Pruned): string {
  const nouns = ['events', 'runs', 'workflows', 'lines'] as const;
  return nouns.flatMap((noun) => (count[noun] > 0 ? [`${count[noun]} ${noun}`] : [])).join(', ');
}

/** As a time, so that it means the same when it is asked twice. */
function fixed(before: string): { before: string } {
  const at = sinceMs(before, Date.now());
  if (at === undefined) throw new CommandError(`--before must be ${sinceHelp}`);
  return { before: new Date(at).toISOString() };
}

import { loadLeniently } from '../config/load-leniently.ts';
import { sinceHelp, sinceMs } from '../domain/since.ts';
import type { AnswerOf } from '../http/api/route.ts';
import type { countPrune, getStore, postPrune } from '../http/api/store.ts';
import { makeShrinkable } from '../store/copies.ts';
import { queryString, withClient } from './client.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { bytes, printJson, record, time } from './print.ts';

type Pruned = Omit<AnswerOf<typeof countPrune>, 'ok'>;

/** How large the store is, what is in it, and how long that is kept. */
export async function showStore(configFile: string, { json }: { json?: boolean }): Promise<void> {
  const { store } = await withClient(configFile, (client) => client.get<typeof getStore>('/store'));
  if (json) return printJson(store);
  const { keep, rows, removed } = store;
  const list = (of: readonly (readonly [string, number])[]) => of.map(([noun, count]) => `${count} ${noun}`).join(', ');
  console.log(
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
  configFile: string,
  { dryRun, yes, ...selected }: Selected & { dryRun?: boolean; yes?: boolean },
): Promise<void> {
  const given = Object.values(selected).filter((value) => value !== undefined);
  if (given.length !== 1) throw new CommandError('give one of --before, --hook, --session and --run');
  const query = queryString({ ...selected, ...(selected.before !== undefined && fixed(selected.before)) });
  const isRunning = await withClient(configFile, async (client) => {
    const count = await client.get<typeof countPrune>(`/prune${query}`);
    const all = textOf(count);
    if (count.open > 0)
      console.log(`note: ${count.open} runs are still open and stay: end them with gimli runs cancel`);
    if (all === '') console.log('nothing matches');
    else if (dryRun) console.log(`${all} would be removed`);
    else if (await isWanted(all, yes))
      console.log(`removed ${textOf(await client.post<typeof postPrune>(`/prune${query}`))}`);
    else console.log('nothing was done');
    return client.isRunning;
  });
  if (!isRunning && !dryRun && (await makeShrinkable(storeOf(configFile))))
    console.log('the file was written anew, and gives room back by itself from now on');
}

const storeOf = (configFile: string) => loadLeniently(configFile).loaded.config.store.url.slice('sqlite:'.length);

async function isWanted(what: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new CommandError(`${what}. Nothing was done: add --yes to remove them`);
  return confirm(`${what}. They cannot be brought back. Remove them? [y/N] `);
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

import { setImmediate } from 'node:timers/promises';
import type { Response } from 'express';
import { historyBudget } from '../agent/agent.ts';
import { sinceHelp, sinceMs } from '../domain/since.ts';
import { type Counts, countSwept, sweepAway } from '../runtime/sweeping.ts';
import type { Executor } from '../store/database.ts';
import { countRows, findOldest, findRemoved } from '../store/queries/figures.ts';
import { nearName } from '../store/queries/near-names.ts';
import { createIsReplayed } from '../store/queries/replayed.ts';
import { countOpen, type Selection, selectedSweeps } from '../store/queries/selections.ts';
import { agedSweeps, type Sweep } from '../store/queries/sweeps.ts';
import { storeOf } from '../store/store-url.ts';
import { refuse } from './answer.ts';
import type { HttpDeps } from './deps.ts';

/** `GET /api/store`: how large it is, what is in it, and what becomes of that. */
export async function getStore({ store, current }: HttpDeps, res: Response): Promise<void> {
  const count = (noun: Parameters<typeof countRows>[1]) => countRows(store.read, noun, setImmediate);
  const rows = {
    events: await count('events'),
    runs: await count('runs'),
    workflows: await count('workflowRuns'),
    deliveries: await count('deliveries'),
    lines: await count('systemEvents'),
  };
  const removed = await findRemoved(store.read);
  const lastRemovedAt = Math.max(...removed.map(({ at }) => at)) || null;
  const { keep, url } = current().config.store;
  const oldestAt = (await findOldest(store.read)) ?? null;
  const sizes = store.upkeep.sizes();
  res.json({
    ok: true,
    store: { file: storeOf(url).file, ...sizes, rows, oldestAt, removed, lastRemovedAt, keep },
  });
}

/** `GET /api/prune?before|hook|session|run`: how much it would be, and what of it stays since it is under way; where there is nothing, the name that is near. */
export async function countPrune(deps: HttpDeps, query: Record<string, string>, res: Response): Promise<void> {
  const wish = wishOf(deps, query);
  if (typeof wish === 'string') return refuse(res, 400, wish);
  const { sweeps, selection } = wish;
  const counts = await countSwept(sweeps, deps.store);
  const open = selection ? await countOpen(deps.store.read, selection) : 0;
  const isNothing = counts.size === 0 && open === 0;
  const near = isNothing && selection ? await nearOf(deps.store.read, selection) : undefined;
  res.json({ ok: true, ...named(counts), open, ...(near !== undefined && { near }) });
}

/** What was probably meant, where nothing bears the name that was given. */
async function nearOf(db: Executor, selection: Selection): Promise<string | undefined> {
  if ('hook' in selection) return nearName(db, 'hook', selection.hook);
  return 'session' in selection ? nearName(db, 'session', selection.session) : undefined;
}

/** `POST /api/prune?before|hook|session|run`: removes it, and overwrites where it stood. */
export async function postPrune(deps: HttpDeps, query: Record<string, string>, res: Response): Promise<void> {
  const { store, clock, log, closing } = deps;
  const wish = wishOf(deps, query);
  if (typeof wish === 'string') return refuse(res, 400, wish);
  const { sweeps, selection } = wish;
  store.upkeep.overwrite(true);
  let counts: Counts;
  try {
    counts = await sweepAway(sweeps, { store, now: clock.now(), signal: closing });
  } finally {
    store.upkeep.overwrite(false);
    await shrink(store.upkeep);
  }
  // Not for whom: that may be a customer's name.
  log.info({ ...named(counts), by: Object.keys(query) }, 'removed by hand');
  const open = selection ? await countOpen(store.read, selection) : 0;
  res.json({ ok: true, ...named(counts), open });
}

/** Pages that came free before may say something of it too. */
async function shrink(upkeep: HttpDeps['store']['upkeep']): Promise<void> {
  for (let { canShrink, freeBytes } = upkeep.sizes(); canShrink && freeBytes > 0; { freeBytes } = upkeep.sizes()) {
    await setImmediate();
    upkeep.shrink(64);
  }
  await setImmediate();
  upkeep.settle();
}

const wishes = ['before', 'hook', 'session', 'run'];

function wishOf(
  { clock }: HttpDeps,
  query: Record<string, string>,
): { sweeps: Sweep[]; selection?: Selection } | string {
  const [given, ...more] = Object.entries(query);
  if (!given || more.length > 0 || !wishes.includes(given[0])) return `give exactly one of ${wishes.join(', ')}`;
  const [name, value] = given;
  if (value === '') return `${name} must not be empty`;
  if (name !== 'before') {
    const selection = { [name]: value } as unknown as Selection;
    return { sweeps: selectedSweeps(selection), selection };
  }
  const now = clock.now();
  const before = sinceMs(value, now);
  if (before === undefined || before > now) return `before must be ${sinceHelp}, in the past`;
  const ages = { now, filtered: before, events: before, runs: before };
  return { sweeps: agedSweeps(ages, createIsReplayed(historyBudget)) };
}

function named(counts: Counts) {
  const of = (noun: 'event' | 'run' | 'workflow' | 'line') => counts.get(noun) ?? 0;
  return { events: of('event'), runs: of('run'), workflows: of('workflow'), lines: of('line') };
}

import { setImmediate } from 'node:timers/promises';
import { Type } from 'typebox';
import { historyBudget } from '../../agent/agent.ts';
import { sinceHelp, sinceMs } from '../../domain/time/since.ts';
import { type Counts, countSwept, sweepAway } from '../../runtime/sweeping.ts';
import type { Executor } from '../../store/database.ts';
import { countRows, findOldest, findRemoved } from '../../store/queries/figures.ts';
import { nearName } from '../../store/queries/near-names.ts';
import { createIsReplayed } from '../../store/queries/replayed.ts';
import { countOpen, type Selection, selectedSweeps } from '../../store/queries/selections.ts';
import { agedSweeps, type Sweep } from '../../store/queries/sweeps.ts';
import { storeOf } from '../../store/store-url.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpError } from '../errors.ts';
import { count, orNull, time } from '../views/shape.ts';
import { freeText } from './parameters.ts';
import { type AnyRoute, apiRoute } from './route.ts';

export const getStore = apiRoute({
  method: 'GET',
  path: '/store',
  about: 'How large the store is, what is in it, and what becomes of that.',
  answer: Type.Object({
    store: Type.Object({
      file: Type.String(),
      fileBytes: count,
      freeBytes: count,
      walBytes: count,
      canShrink: Type.Boolean(),
      rows: Type.Object({ events: count, runs: count, workflows: count, deliveries: count, lines: count }),
      oldestAt: orNull(time),
      removed: Type.Array(Type.Object({ noun: Type.String(), rows: count, at: time })),
      lastRemovedAt: orNull(time),
      keep: Type.Object({
        filtered: Type.String(),
        events: Type.String(),
        runs: Type.String(),
        maxBytes: Type.String(),
      }),
    }),
  }),
  async handle({ store, current }) {
    const countOf = (noun: Parameters<typeof countRows>[1]) => countRows(store.read, noun, setImmediate);
    const rows = {
      events: await countOf('events'),
      runs: await countOf('runs'),
      workflows: await countOf('workflowRuns'),
      deliveries: await countOf('deliveries'),
      lines: await countOf('systemEvents'),
    };
    const removed = await findRemoved(store.read);
    const lastRemovedAt = Math.max(...removed.map(({ at }) => at)) || null;
    const { keep, url } = current().config.store;
    const oldestAt = (await findOldest(store.read)) ?? null;
    const sizes = store.upkeep.sizes();
    return {
      store: { file: storeOf(url).file, ...sizes, rows, oldestAt, removed, lastRemovedAt, keep },
    };
  },
});

const wishes = {
  before: freeText('All that was over by then.'),
  hook: freeText('All of this hook.'),
  session: freeText('All of this session.'),
  run: freeText('All of this run or workflow.'),
};
const counts = { events: count, runs: count, workflows: count, lines: count, open: count };

export const countPrune = apiRoute({
  method: 'GET',
  path: '/prune',
  about: 'How much would be removed, and what of it stays since it is under way. Takes exactly one parameter.',
  query: wishes,
  answer: Type.Object({
    ...counts,
    near: Type.Optional(Type.String({ description: 'The name that was probably meant, where there is nothing.' })),
  }),
  async handle(deps, { given }) {
    const { sweeps, selection } = wishOf(deps, given);
    const counts = await countSwept(sweeps, deps.store);
    const open = selection ? await countOpen(deps.store.read, selection) : 0;
    const isNothing = counts.size === 0 && open === 0;
    const near = isNothing && selection ? await nearOf(deps.store.read, selection) : undefined;
    return { ...named(counts), open, ...(near !== undefined && { near }) };
  },
});

export const postPrune = apiRoute({
  method: 'POST',
  path: '/prune',
  about: 'Removes it, and overwrites where it stood. Takes exactly one parameter.',
  query: wishes,
  answer: Type.Object(counts),
  async handle(deps, { given }) {
    const { store, clock, log, closing } = deps;
    const { sweeps, selection } = wishOf(deps, given);
    store.upkeep.overwrite(true);
    let counts: Counts;
    try {
      counts = await sweepAway(sweeps, { store, now: clock.now(), signal: closing });
    } finally {
      store.upkeep.overwrite(false);
      await shrink(store.upkeep);
    }
    // Not for whom: that may be a customer's name.
    log.info({ ...named(counts), by: Object.keys(given) }, 'removed by hand');
    const open = selection ? await countOpen(store.read, selection) : 0;
    return { ...named(counts), open };
  },
});

export const storeRoutes: readonly AnyRoute[] = [getStore, countPrune, postPrune];

/** What was probably meant, where nothing bears the name that was given. */
async function nearOf(db: Executor, selection: Selection): Promise<string | undefined> {
  if ('hook' in selection) return nearName(db, 'hook', selection.hook);
  return 'session' in selection ? nearName(db, 'session', selection.session) : undefined;
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

function wishOf(
  { clock }: HttpDeps,
  given: Readonly<Record<string, string>>,
): { sweeps: Sweep[]; selection?: Selection } {
  const [first, ...more] = Object.entries(given);
  if (!first || more.length > 0 || !Object.hasOwn(wishes, first[0])) {
    throw new HttpError('parameter', `give exactly one of ${Object.keys(wishes).join(', ')}`);
  }
  const [name, value] = first;
  if (value === '') throw new HttpError('parameter', `${name} must not be empty`);
  if (name !== 'before') {
    const selection = { [name]: value } as unknown as Selection;
    return { sweeps: selectedSweeps(selection), selection };
  }
  const now = clock.now();
  const before = sinceMs(value, now);
  if (before === undefined || before > now) {
    throw new HttpError('parameter', `before must be ${sinceHelp}, in the past`);
  }
  const ages = { now, filtered: before, events: before, runs: before };
  return { sweeps: agedSweeps(ages, createIsReplayed(historyBudget)) };
}

function named(counts: Counts) {
  const of = (noun: 'event' | 'run' | 'workflow' | 'line') => counts.get(noun) ?? 0;
  return { events: of('event'), runs: of('run'), workflows: of('workflow'), lines: of('line') };
}

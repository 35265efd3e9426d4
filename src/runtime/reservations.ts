import type { Logger } from 'pino';
import type { Models } from '../agent/models.ts';
import type { Job, JobKind } from '../domain/job.ts';
import type { Limits } from '../domain/limits.ts';
import { costOf, dayOf, dollars } from '../domain/spending.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { Admission } from '../queue/queue.ts';
import type { Executor } from '../store/database.ts';
import { averageCost, costOfDay, costOfMapping, sizeOfRun } from '../store/queries/spending.ts';
import { holdAtBudget } from './budget.ts';
import type { RuntimeSettings } from './settings.ts';
import type { Handler } from './worker.ts';

/** What is set aside for work under way, so that no budget is spent twice. Kept in memory: what begins anew is estimated anew. */
export interface Reservations extends Admission {
  /** The handler, whose work is settled when it ends and begins only where the day has money left. */
  guard(kind: JobKind, handler: Handler): Handler;
  /** Work has ended: what it cost is in the totals from now on. */
  settle(job: Pick<Job, 'kind' | 'ref'>): void;
}

interface Deps {
  readonly current: () => {
    readonly config: Pick<RuntimeSettings, 'agents'>;
    readonly models: Pick<Models, 'defaultModel' | 'priceOf'>;
    readonly table: { limitsOf(mappingId: string): Limits };
  };
  readonly clock: Clock;
  readonly log: Logger;
}

/** What was refused is asked about again so much later, or when something is settled; in ms. */
const askAgainMs = 1000;
/** An estimate goes by what the runs of the mapping have cost in so many days. */
const daysBack = 7;
const dayMs = 86_400_000;
/** For the first runs of a mapping: so many characters of its event and its texts make a token, and the reply has so many. */
const charactersOfToken = 3;
const usualOutputTokens = 2000;

export function createReservations({ current, clock, log }: Deps): Reservations {
  const reserved = new Map<string, { group: string | null; cost: number; kind: JobKind; isUnderWay: boolean }>();
  /** until when a mapping is refused, or everything (null) */
  const refused = new Map<string | null, number>();
  /** the mappings whose budget is spent, as the log has heard */
  const spent = new Set<string>();
  const keyOf = ({ kind, ref }: Pick<Job, 'kind' | 'ref'>) => `${kind}:${ref}`;
  const isRefused = (group: string | null, now: number) => (refused.get(group) ?? 0) > now;
  const limitOf = (group: string | null) => (group === null ? undefined : current().table.limitsOf(group).perDay);

  function settle(job: Pick<Job, 'kind' | 'ref'>): void {
    if (reserved.delete(keyOf(job))) refused.clear();
  }

  /** One may always begin while nothing else is under way: an estimate that is too high must not stall the day. */
  function fits(limit: number, before: number, cost: number, group?: string): boolean {
    const others = [...reserved.values()].filter((one) => group === undefined || one.group === group);
    const aside = others.reduce((sum, one) => sum + one.cost, 0);
    return before < limit && (aside === 0 || before + aside + cost <= limit);
  }

  function noteSpent(group: string, limit: number, isSpent: boolean): void {
    if (isSpent === spent.has(group)) return;
    if (isSpent) spent.add(group);
    else spent.delete(group);
    const what = `the budget of the mapping ${group}`;
    if (isSpent)
      log.warn(`${what} is spent: its runs wait for midnight UTC, or for a larger budget.perDay (${dollars(limit)})`);
    else log.info(`runs of the mapping ${group} go on: there is a budget again`);
  }

  const hold = holdAtBudget({ current, clock, log });

  return {
    async admits(tx, kind, { ref, group }, now) {
      const { perDay } = current().config.agents.defaults.budget;
      const own = limitOf(group);
      if (kind === 'deliver' || (perDay === undefined && own === undefined)) return true;
      const cost = await estimate(tx, { kind, ref, group }, current().models, now);
      const refuse = (what: string | null) => {
        refused.set(what, now + askAgainMs);
        return false;
      };
      if (perDay !== undefined && !fits(perDay, await costOfDay(tx, dayOf(now)), cost)) return refuse(null);
      if (own !== undefined && group !== null) {
        const before = await costOfMapping(tx, dayOf(now), group);
        noteSpent(group, own, before >= own);
        if (!fits(own, before, cost, group)) return refuse(group);
      }
      reserved.set(keyOf({ kind, ref }), { group, cost, kind, isUnderWay: false });
      return true;
    },
    holds: (kind, group, now) => kind !== 'deliver' && (isRefused(null, now) || isRefused(group, now)),
    async whatHolds(db, kind, group, now) {
      if (kind === 'deliver') return undefined;
      const { perDay } = current().config.agents.defaults.budget;
      const own = limitOf(group);
      const ofAll = perDay !== undefined && (isRefused(null, now) || (await costOfDay(db, dayOf(now))) >= perDay);
      if (ofAll) return { for: 'budget' };
      if (own === undefined || group === null) return undefined;
      const isSpent = isRefused(group, now) || (await costOfMapping(db, dayOf(now), group)) >= own;
      return isSpent ? { for: 'mappingBudget' } : undefined;
    },
    settle,
    guard: (ownKind, handler) => ({
      ...handler,
      mayBegin(tx) {
        // What an earlier claim set aside before it was rolled back.
        for (const [key, { kind, isUnderWay }] of reserved) if (kind === ownKind && !isUnderWay) reserved.delete(key);
        return hold(tx);
      },
      async begin(tx, job) {
        const work = await handler.begin(tx, job);
        if (!work) return null;
        return (signal) => {
          const one = reserved.get(keyOf(job));
          if (one) one.isUnderWay = true;
          return work(signal).finally(() => settle(job));
        };
      },
    }),
  };
}

/** What a run will cost: as much as those of its mapping did lately; before there were any, by its size and the price of its model. */
async function estimate(
  tx: Executor,
  { kind, ref, group }: Pick<Job, 'kind' | 'ref'> & { readonly group: string | null },
  { defaultModel, priceOf }: Pick<Models, 'defaultModel' | 'priceOf'>,
  now: number,
): Promise<number> {
  const mapping = kind === 'heartbeat' ? 'heartbeat' : group;
  const known = mapping === null ? null : await averageCost(tx, dayOf(now - (daysBack - 1) * dayMs), mapping);
  if (known !== null) return known;
  const run = await sizeOfRun(tx, ref);
  const inputTokens = Math.ceil((run?.characters ?? 0) / charactersOfToken);
  return costOf({ inputTokens, outputTokens: usualOutputTokens }, priceOf(run?.model ?? defaultModel)) ?? 0;
}

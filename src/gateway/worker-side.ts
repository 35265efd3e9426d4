import type { Logger } from 'pino';
import { historyBudget } from '../agent/agent.ts';
import type { Clock } from '../domain/time/clock.ts';
import { keepOf } from '../domain/time/keep.ts';
import { pauseAll, tendGates } from '../runtime/gates.ts';
import { deliverHandler } from '../runtime/jobs/deliver.ts';
import { heartbeatHandler } from '../runtime/jobs/heartbeat.ts';
import { runHandler } from '../runtime/jobs/run.ts';
import { createRetention, type Retention } from '../runtime/retention.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  beatsCheck,
  budgetCheck,
  channelsCheck,
  deliveriesCheck,
  diskCheck,
  gateChecks,
  keyCheck,
  loadingChecks,
  type ScreeningHealth,
  screeningCheck,
  silentCheck,
  sizeCheck,
  waitingCheck,
} from '../runtime/watching/checks.ts';
import { type AlarmCheck, createWatch, type Watch } from '../runtime/watching/watch.ts';
import { createWorker, type Worker } from '../runtime/worker.ts';
import { keyProblems, type Settings } from '../settings.ts';
import type { Executor } from '../store/database.ts';
import { findGates } from '../store/queries/gates.ts';
import { storeFile, type WebSide } from './web-side.ts';

interface Surroundings {
  readonly current: () => Settings;
  /** what is wrong with files that were refused; see `LiveSettings` */
  readonly refusedProblems: () => readonly string[] | undefined;
  /** where commands of the owner run: the folder of the config */
  readonly folder: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What does the work that the web side has stored. Nothing of it has started. */
export interface WorkerSide {
  readonly runtime: Runtime;
  readonly worker: Worker;
  readonly retention: Retention;
  readonly watch: Watch;
}

export function createWorkerSide(web: WebSide, around: Surroundings): WorkerSide {
  const { store, reservations } = web;
  const { current, log, clock, folder } = around;
  const screeningHealth = { failedAt: 0, workedAt: 0 };
  const runtime = createRuntime(web, around, screeningHealth);
  const handlers = {
    run: reservations.guard('run', runHandler(runtime)),
    heartbeat: reservations.guard('heartbeat', heartbeatHandler(runtime)),
    deliver: deliverHandler(runtime),
  };
  const worker = createWorker({ ...runtime, prepare: prepareClaim(runtime), handlers });
  const keep = () => keepOf(current().config.store.keep);
  const retention = createRetention({ store, file: storeFile(current().config), clock, log, historyBudget, keep });
  const watch = createWatch({
    store,
    clock,
    log,
    checks: checksOf(runtime, around, { retention, screeningHealth }),
    mask: (text) => current().mask(text),
    outlet: () => ({ ...current().config.alarms, cwd: folder }),
  });
  return { runtime, worker, retention, watch };
}

function createRuntime(web: WebSide, { current, log, clock }: Surroundings, health: ScreeningHealth): Runtime {
  const { store, queue, liveRuns, metrics } = web;
  let plannedWhy = '';
  return {
    store,
    queue,
    log,
    clock,
    live: liveRuns,
    current,
    onRunEnd: (run, status, ms) => metrics.onRunEnd(run.hook, status, ms),
    onDelivery: metrics.onDelivery,
    onUsage: (run, usage, cost) => metrics.onUsage(run.hook, usage, cost),
    onScreened(run, verdict) {
      metrics.onScreened(run.hook, verdict);
      health[verdict === 'failed' ? 'failedAt' : 'workedAt'] = clock.now();
    },
    onBeatPlanned({ at, why }) {
      metrics.onBeatPlanned(at);
      if (why === plannedWhy) return;
      plannedWhy = why;
      log.info({ at: at === null ? null : new Date(at).toISOString() }, `next heartbeat: ${why}`);
    },
  };
}

/** Part of each claim: nothing begins while everything is paused, and gates send out their probes. */
function prepareClaim({ queue }: Runtime) {
  return async (tx: Executor, now: number): Promise<boolean> => {
    const gates = await findGates(tx);
    if (gates.has(pauseAll)) return false;
    if (gates.size > 0) await tendGates({ tx, queue, now });
    return true;
  };
}

/** All that the owner may have to hear of without a model. */
function checksOf(
  runtime: Runtime,
  { current, refusedProblems }: Surroundings,
  { retention, screeningHealth }: { readonly retention: Retention; readonly screeningHealth: ScreeningHealth },
): readonly AlarmCheck[] {
  const { queue } = runtime;
  const mappings = () => [...current().table.mappings, ...current().specs.all().mappings];
  return [
    ...gateChecks(queue),
    keyCheck(() => keyProblems(current(), mappings())),
    ...loadingChecks(() => current().broken, refusedProblems),
    beatsCheck,
    budgetCheck(runtime, mappings),
    waitingCheck(queue),
    diskCheck(storeFile(current().config)),
    sizeCheck(retention.problem),
    deliveriesCheck,
    channelsCheck(() => current().missingChannels),
    silentCheck(() => current().table.mappings),
    screeningCheck(runtime, () => mappings().some(({ policy }) => policy.screen), screeningHealth),
  ];
}

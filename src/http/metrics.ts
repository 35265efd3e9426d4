import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Outcome } from '../domain/event.ts';
import type { Screening, Usage } from '../domain/run.ts';
import type { RefusedStep } from '../ingest/refusals.ts';
import type { View } from '../queue/queue.ts';
import { openAlarms } from '../store/queries/alarms.ts';
import type { Delivery } from '../store/queries/deliveries.ts';
import { findRemoved } from '../store/queries/figures.ts';
import type { Store } from '../store/store.ts';

export interface Metrics {
  onEvent(hook: string, outcome: Outcome): void;
  onRefused(step: RefusedStep): void;
  onDelivery(status: Delivery['status']): void;
  onRunEnd(hook: string, status: 'completed' | 'error', ms: number): void;
  /** `cost` is null where it is not known */
  onUsage(hook: string, usage: Usage, cost: number | null): void;
  onScreened(hook: string, verdict: Screening['verdict']): void;
  /** epoch ms; null where none is planned */
  onBeatPlanned(at: number | null): void;
  /** in the format that Prometheus reads */
  text(): Promise<string>;
}

export function createMetrics(store: Store, queue: View): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const events = new Counter({
    name: 'gimli_events_total',
    help: 'Authenticated requests to hooks, by what became of them',
    labelNames: ['hook', 'outcome'],
    registers,
  });
  const refused = new Counter({
    name: 'gimli_refused_total',
    help: 'Requests of senders who are not known, and what could not be stored, by the step that refused them',
    labelNames: ['step'],
    registers,
  });
  const deliveries = new Counter({
    name: 'gimli_deliveries_total',
    help: 'Replies and messages to channels, by what became of them',
    labelNames: ['status'],
    registers,
  });
  const runs = new Counter({
    name: 'gimli_runs_total',
    help: 'Runs that ended',
    labelNames: ['hook', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gimli_run_duration_seconds',
    help: 'Duration of the attempt that ended a run',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
    registers,
  });
  const tokens = new Counter({
    name: 'gimli_tokens_total',
    help: 'Tokens that models have read (input) and written (output)',
    labelNames: ['hook', 'direction'],
    registers,
  });
  const cost = new Counter({
    name: 'gimli_cost_dollars_total',
    help: 'US dollars for tokens whose price is known',
    labelNames: ['hook'],
    registers,
  });
  const screenings = new Counter({
    name: 'gimli_screenings_total',
    help: 'Runs whose values were to be screened, by what came of it',
    labelNames: ['hook', 'verdict'],
    registers,
  });
  new Counter({
    name: 'gimli_removed_total',
    help: 'What was removed since the store was made: older than store.keep says, or by hand',
    labelNames: ['noun'],
    registers,
    async collect() {
      this.reset();
      for (const { noun, rows } of await findRemoved(store.read)) this.inc({ noun }, rows);
    },
  });
  new Gauge({
    name: 'gimli_store_bytes',
    help: 'Size of the store: its file, what of that is unused, and its -wal',
    labelNames: ['part'],
    registers,
    collect() {
      const { fileBytes, freeBytes, walBytes } = store.upkeep.sizes();
      this.set({ part: 'file' }, fileBytes);
      this.set({ part: 'unused' }, freeBytes);
      this.set({ part: 'wal' }, walBytes);
    },
  });
  const nextBeat = new Gauge({
    name: 'gimli_next_heartbeat_seconds',
    help: 'When main looks next, in seconds since 1970; 0 where that is not planned',
    registers,
  });
  new Gauge({
    name: 'gimli_alarms',
    help: 'Alarms that are open',
    registers,
    async collect() {
      this.set((await openAlarms(store.read)).length);
    },
  });
  new Gauge({
    name: 'gimli_jobs',
    help: 'Jobs in the queue',
    labelNames: ['status'],
    registers,
    async collect() {
      for (const [status, count] of Object.entries(await queue.counts(store.read))) this.set({ status }, count);
    },
  });
  return {
    onEvent: (hook, outcome) => events.inc({ hook, outcome }),
    onRefused: (step) => refused.inc({ step }),
    onDelivery: (status) => deliveries.inc({ status }),
    onRunEnd(hook, status, ms) {
      runs.inc({ hook, status });
      seconds.observe(ms / 1000);
    },
    onUsage(hook, { inputTokens, outputTokens }, paid) {
      tokens.inc({ hook, direction: 'input' }, inputTokens);
      tokens.inc({ hook, direction: 'output' }, outputTokens);
      if (paid !== null) cost.inc({ hook }, paid);
    },
    onScreened: (hook, verdict) => screenings.inc({ hook, verdict }),
    onBeatPlanned: (at) => nextBeat.set((at ?? 0) / 1000),
    text: () => registry.metrics(),
  };
}

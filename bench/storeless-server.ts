// Gimli's HTTP side as gimli.ts composes it, on a store that forgets: what everything but storing costs.
import { pino } from 'pino';
import { systemClock } from '../src/domain/time/clock.ts';
import { createMetrics } from '../src/http/metrics.ts';
import { createServer } from '../src/http/server.ts';
import { createBodyBudget } from '../src/ingest/body-budget.ts';
import { createRefusals } from '../src/ingest/refusals.ts';
import { createThrottle } from '../src/ingest/throttle.ts';
import { createQueue } from '../src/queue/create-queue.ts';
import { createLiveRuns } from '../src/runtime/watching/live-runs.ts';
import { loadSettings } from '../src/settings.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../src/store/store.ts';

const [configFile = '', port] = process.argv.slice(2);
const log = pino({ level: 'info', base: null });
const settings = await loadSettings(configFile, process.env, log);
const { read, close, upkeep, newId } = await openSqliteStore(settings.config.store.url.slice('sqlite:'.length));
// As long as the answer to an accepted run.
const id = '019abc12-3456-7890-abcd-ef0123456789';
const answer = { status: 202, body: JSON.stringify({ ok: true, runId: id, eventId: id }), outcome: 'accepted' };
// All that the row writes is what it accepts.
const store: Store = { read, close, upkeep, newId, write: () => Promise.resolve(answer as never) };
const queue = createQueue();
const metrics = createMetrics(store, queue);
const server = createServer({
  store,
  queue,
  throttle: createThrottle(),
  refusals: createRefusals({ log, clock: systemClock, onRefused: metrics.onRefused }),
  bodies: createBodyBudget(),
  live: createLiveRuns(),
  log,
  onEvent: metrics.onEvent,
  metricsText: metrics.text,
  current: () => settings,
});
await server.listen(Number(port), '127.0.0.1');
// An orderly end lets --cpu-prof write its profile.
process.once('SIGTERM', () => process.exit());

import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../src/domain/time/clock.ts';
import { createServer } from '../../src/http/server.ts';
import { createBodyBudget } from '../../src/ingest/body-budget.ts';
import { createRefusals } from '../../src/ingest/refusals.ts';
import { createThrottle } from '../../src/ingest/throttle.ts';
import { createQueue } from '../../src/queue/create-queue.ts';
import { createLiveRuns } from '../../src/runtime/watching/live-runs.ts';
import { loadSettings } from '../../src/settings.ts';
import { listEvents } from '../../src/store/queries/events.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../support/at-end.ts';
import { hookToken } from '../support/gateway.ts';
import { connect, postHead } from '../support/raw.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const configFile = path.join(dir, 'gimli.json5');
fs.writeFileSync(configFile, JSON.stringify({ hooks: { enabled: true, token: hookToken } }));
const log = pino({ level: 'silent' });
const settings = await loadSettings(configFile, {}, log);
const store = await openSqliteStore(path.join(dir, 'gimli.db'));
const server = createServer(
  {
    store,
    queue: createQueue(),
    throttle: createThrottle(),
    refusals: createRefusals({ log, clock: systemClock, onRefused: () => {} }),
    bodies: createBodyBudget(),
    live: createLiveRuns(),
    log,
    onEvent: () => {},
    metricsText: async () => '',
    current: () => settings,
  },
  { requestMs: 100 },
);
const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
atEnd(async () => {
  await server.close();
  await settings.transforms.close();
  await store.close();
});

it('a request that does not arrive in time is told so with a 408, and loses its connection, however it clings to it', async () => {
  const connection = connect(url, { halfOpen: true });
  connection.write(`${postHead('/hooks/wake', 'Content-Length: 100000')}{"text":"`);
  const trickle = setInterval(() => connection.write('x'), 20);
  atEnd(() => clearInterval(trickle));
  const [head = '', body = ''] = (await connection.ended).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 408 .*Connection: close/s);
  expect(JSON.parse(body)).toEqual({ ok: false, code: 'timeout', error: 'the request took too long to arrive' });
  await connection.closed;
  const [event] = await listEvents(store.read, { limit: 1 });
  expect(event).toMatchObject({ hook: 'wake', outcome: 'unreadable', detail: expect.stringContaining('hung up') });
});

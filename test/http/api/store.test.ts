import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const config = {
  hooks: {
    mappings: [
      { match: { path: 'ann' }, action: 'agent', messageTemplate: '{{text}}', sessionKey: 'hook:ann' },
      {
        match: { path: 'bob' },
        action: 'agent',
        messageTemplate: '{{text}}',
        sessionKey: 'hook:bob',
        deliver: true,
        channel: 'log',
      },
      { match: { path: 'plain' }, action: 'agent', messageTemplate: '{{text}}' },
      { match: { path: 'news' }, action: 'wake', textTemplate: '{{text}}' },
      {
        match: { path: 'many' },
        action: 'agent',
        messageTemplate: '{{text}}',
        coalesce: { key: 'all', quietSeconds: 1, maxSeconds: 1 },
      },
    ],
  },
  channels: { log: {} },
};

/** All that the files of a store say. */
async function bytesOf(gateway: TestGateway): Promise<string> {
  const files = ['gimli.db', 'gimli.db-wal'].map((name) => path.join(gateway.dir, 'data', name));
  return files.map((file) => (fs.existsSync(file) ? fs.readFileSync(file, 'latin1') : '')).join('');
}

async function run(gateway: TestGateway, hook: string, text: string): Promise<string> {
  const { body } = await gateway.post(hook, { text });
  await gateway.ended(body.runId);
  return body.runId;
}

/** What `post` sends comes before the run begins that gathers it, however long that takes. */
async function gathered<T>(gateway: TestGateway, post: () => Promise<T>): Promise<T> {
  await gateway.api('POST', '/pause');
  const posted = await post();
  await gateway.api('POST', '/resume');
  return posted;
}

/** Main has looked at all its lines. */
const mainIsIdle = (gateway: TestGateway) =>
  eventually(async () => {
    const jobs = await gateway.jobs();
    return Object.values(jobs).every((count) => count === 0);
  });

it('all of a hook is counted, removed with what main was told of it, and stands in no file any more; all else stays', async () => {
  const gateway = await tempGateway(config);
  await run(gateway, 'ann', 'ANNA-SECRET');
  await run(gateway, 'bob', 'BOB-SECRET');
  await gateway.post('ann', { other: 'ANNA-TOO' });
  await mainIsIdle(gateway);
  const { body: count } = await gateway.api('GET', '/prune?hook=ann');
  expect(count).toMatchObject({ ok: true, events: 2, runs: expect.any(Number), open: 0 });
  expect((await gateway.api('GET', '/events')).body.events).toHaveLength(3);
  const { body: done } = await gateway.api('POST', '/prune?hook=ann');
  expect(done.events).toBe(2);
  expect((await gateway.api('GET', '/events')).body.events.map(({ hook }: { hook: string }) => hook)).toEqual(['bob']);
  expect((await gateway.api('GET', '/sessions')).body.sessions.map(({ key }: { key: string }) => key)).not.toContain(
    'hook:ann',
  );
  const bytes = await bytesOf(gateway);
  expect(bytes).not.toContain('ANNA');
  expect(bytes).toContain('BOB-SECRET');
  expect((await gateway.api('GET', '/prune?hook=ann')).body).toMatchObject({ events: 0, runs: 0, lines: 0 });
});

it('a session goes with its runs, their events and the session itself', async () => {
  const gateway = await tempGateway(config);
  await run(gateway, 'ann', 'ANNA-ONE');
  const bob = await run(gateway, 'bob', 'BOB-ONE');
  await run(gateway, 'ann', 'ANNA-TWO');
  await mainIsIdle(gateway);
  expect((await gateway.api('POST', '/prune?session=hook:ann')).body).toMatchObject({ events: 2 });
  expect(await bytesOf(gateway)).not.toContain('ANNA');
  expect((await gateway.api('GET', `/runs/${bob}`)).status).toBe(200);
  expect((await gateway.api('GET', '/sessions/hook:ann')).status).toBe(404);
});

it('a run goes with all the events that it gathered', async () => {
  const gateway = await tempGateway(config);
  const [first, second] = await gathered(gateway, () =>
    Promise.all([gateway.post('many', { text: 'G-ONE' }), gateway.post('many', { text: 'G-TWO' })]),
  );
  expect(second.body.runId).toBe(first.body.runId);
  await gateway.ended(first.body.runId);
  expect((await gateway.api('POST', `/prune?run=${first.body.runId}`)).body).toMatchObject({ events: 2 });
  expect((await gateway.api('GET', '/events?hook=many')).body.events).toEqual([]);
});

it('a run goes with all the events that it gathered, however many transactions that takes', async () => {
  const gateway = await tempGateway(config);
  const pad = 'p'.repeat(200_000);
  const posted = await gathered(gateway, () =>
    Promise.all(Array.from({ length: 40 }, () => gateway.post('many', { text: 'G', pad }))),
  );
  const [runId, ...more] = new Set(posted.map(({ body }) => body.runId));
  expect(more).toEqual([]);
  await gateway.ended(runId);
  await mainIsIdle(gateway);
  expect((await gateway.api('POST', `/prune?run=${runId}`)).body).toMatchObject({ events: 40 });
  expect((await gateway.api('GET', '/store')).body.store.rows).toMatchObject({ events: 0, runs: 0, lines: 0 });
});

it('a hook goes with the runs that gathered its events, also where another hook began them', async () => {
  const gateway = await tempGateway({
    hooks: {
      mappings: [
        {
          match: { source: 'shared' },
          action: 'agent',
          messageTemplate: '{{text}}',
          coalesce: { key: 'all', quietSeconds: 1, maxSeconds: 1 },
        },
      ],
    },
  });
  const pad = 'p'.repeat(200_000);
  const post = (hook: string) => gateway.post(hook, { source: 'shared', text: 'x', pad });
  const [first, ...others] = await gathered(gateway, async () => [
    await post('one'),
    ...(await Promise.all(Array.from({ length: 20 }, (_, at) => post(at % 2 ? 'one' : 'two')))),
  ]);
  expect(new Set(others.map(({ body }) => body.runId))).toEqual(new Set([first?.body.runId]));
  await gateway.ended(first?.body.runId);
  await mainIsIdle(gateway);
  expect((await gateway.api('POST', '/prune?hook=two')).body).toMatchObject({ events: 21, open: 0 });
  expect((await gateway.api('GET', '/store')).body.store.rows).toMatchObject({ events: 0, runs: 0, lines: 0 });
});

it('what is open is counted and stays', async () => {
  const gateway = await tempGateway(config);
  await gateway.api('POST', '/pause');
  const { body } = await gateway.post('ann', { text: 'open' });
  expect((await gateway.api('POST', '/prune?hook=ann')).body).toMatchObject({ events: 0, runs: 0, open: 1 });
  expect((await gateway.api('GET', `/runs/${body.runId}`)).body.run.status).toBe('pending');
});

it('before removes what was over by then, and what is asked wrongly is refused', async () => {
  const gateway = await tempGateway(config);
  await run(gateway, 'plain', 'old');
  await mainIsIdle(gateway);
  expect((await gateway.api('GET', '/prune?before=1h')).body).toMatchObject({ events: 0, runs: 0 });
  const soon = new Date(Date.now() - 1).toISOString();
  expect((await gateway.api('POST', `/prune?before=${soon}`)).body).toMatchObject({ events: 1, runs: 1 });
  for (const query of ['', '?hook=', '?hook=a&run=b', '?before=never', '?before=2100-01-01', '?name=x'])
    expect([query, (await gateway.api('POST', `/prune${query}`)).status]).toEqual([query, 400]);
});

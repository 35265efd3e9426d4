import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { providerError, startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

let overloaded = 1;
const model = await startModel(({ prompt }) => {
  if (prompt.includes('bad request')) return providerError(400, 'no such parameter');
  if (prompt.includes('no such model')) return providerError(404, 'model: claude-0');
  if (prompt.includes('overloaded') && overloaded-- > 0) return providerError(529, 'Overloaded');
  return 'Here I am.';
});

/** Takes requests and never answers them. */
const silent = http.createServer();
await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));

const gateway = await tempGateway({
  agents: {
    ...model.agents,
    providers: {
      ...model.agents.providers,
      silent: { api: 'anthropic', baseURL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, apiKey: 'k' },
    },
  },
});
atEnd(() => {
  silent.closeAllConnections();
  silent.close();
});

const run = async (payload: object): Promise<string> =>
  (await gateway.post('agent', { wakeMode: 'next-heartbeat', ...payload })).body.runId;

it('while the provider is down a run waits and is tried again, then completes', async () => {
  const id = await run({ message: 'overloaded' });
  const waiting = await eventually(async () => {
    const { run } = (await gateway.get(`runs/${id}`)).body;
    return run.status === 'pending' && run.error !== null && run;
  });
  expect(waiting).toMatchObject({ attempts: 1, errorCode: 'provider', error: expect.stringContaining('HTTP 529') });
  const ended = await gateway.ended(id);
  expect(ended).toMatchObject({
    status: 'completed',
    attempts: 2,
    error: null,
    errorCode: null,
    outputText: 'Here I am.',
  });
  // 2 s after the first attempt: the backoff.
  expect(ended.startedAt - waiting.startedAt).toBeGreaterThanOrEqual(2000);
});

it.each([
  ['bad request', {}, 'provider', 'no such parameter'],
  ['no such model', {}, 'model', 'claude-0'],
  ['x', { model: 'nobody/some-model' }, 'model', 'nobody'],
])(
  'what cannot succeed by trying again (%s %j) ends at once with the code %s',
  async (message, payload, errorCode, says) => {
    const ended = await gateway.ended(await run({ message, ...payload }));
    expect(ended).toMatchObject({ status: 'error', errorCode, attempts: 1, error: expect.stringContaining(says) });
    expect(ended).toMatchObject({ outputText: null, summary: expect.stringMatching(`^failed \\(${errorCode}\\): `) });
    expect(ended.completedAt).toBeGreaterThanOrEqual(ended.startedAt);
  },
);

it('a turn that takes too long ends with the code timeout, is not retried, and its model call is really cancelled', async () => {
  const cancelled = new Promise<void>((resolve) => {
    silent.once('request', (request) => request.socket.once('close', resolve));
  });
  const ended = await gateway.ended(await run({ message: 'x', model: 'silent/m', timeoutSeconds: 1 }));
  expect(ended).toMatchObject({ status: 'error', errorCode: 'timeout', attempts: 1 });
  expect(ended.error).toContain('longer than 1 s');
  await cancelled;
});

it('a failed run can be tried again by hand', async () => {
  const id = await run({ message: 'bad request' });
  await gateway.ended(id);
  expect((await gateway.api('POST', `/runs/${id}/retry`)).status).toBe(202);
  expect(await gateway.ended(id)).toMatchObject({ status: 'error', errorCode: 'provider' });
  expect(model.calls.filter(({ prompt }) => prompt.includes('bad request'))).toHaveLength(3);
});

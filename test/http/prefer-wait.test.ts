import { expect, it } from '@jest/globals';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const release: (() => void)[] = [];
const model = await startModel(({ prompt }) => {
  if (prompt.includes('slow')) return new Promise<string>((resolve) => release.push(() => resolve('Late.')));
  return prompt.includes('refuse') ? { error: { message: 'no', type: 'invalid_request_error' }, status: 400 } : 'Done.';
});
const gateway = await tempGateway({
  agents: model.agents,
  hooks: {
    mappings: [
      { match: { path: 'mapped' }, messageTemplate: 'Look.', deliver: false },
      { match: { path: 'batch' }, forEach: 'items', messageTemplate: 'Look.', deliver: false },
    ],
  },
});
const agent = (message: string, headers: Record<string, string>) =>
  gateway.post('agent', { message, deliver: false, wakeMode: 'next-heartbeat' }, headers);

it('Prefer: wait answers with the run once it has ended', async () => {
  const { status, headers, body } = await agent('be quick', { Prefer: 'wait=20' });
  expect(status).toBe(200);
  expect(headers.get('Preference-Applied')).toBe('wait');
  expect(body).toMatchObject({ ok: true, runId: body.run.runId, eventId: expect.any(String) });
  expect(body.run).toMatchObject({ status: 'completed', outputText: 'Done.' });
});

it('works on mapped hooks, beside other preferences, and for a run that fails', async () => {
  const mapped = await gateway.post('mapped', {}, { Prefer: 'respond-async, wait=20' });
  expect(mapped).toMatchObject({ status: 200, body: { run: { status: 'completed' } } });
  const failed = await agent('refuse', { Prefer: 'wait=20' });
  expect(failed).toMatchObject({ status: 200, body: { ok: true, run: { status: 'error', errorCode: 'provider' } } });
});

it('a run that takes longer is answered with 202 when the time is up, and goes on', async () => {
  const { status, body } = await agent('be slow', { Prefer: 'wait=0' });
  expect(status).toBe(202);
  expect(body).toEqual({ ok: true, runId: expect.any(String), eventId: expect.any(String) });
  const later = await agent('be slow', { Prefer: 'wait=1' });
  expect(later.status).toBe(202);
  for (const go of release.splice(0)) go();
  expect(await gateway.ended(body.runId)).toMatchObject({ status: 'completed', outputText: 'Late.' });
});

it('a repeated call waits for the run of the first', async () => {
  const headers = { 'Idempotency-Key': 'again', Prefer: 'wait=20' };
  const [first, again] = [await agent('be quick', headers), await agent('be quick', headers)];
  expect(again).toMatchObject({ status: 200, body: { runId: first.body.runId, run: { status: 'completed' } } });
});

it('what makes no run or several is answered as ever', async () => {
  const headers = { Prefer: 'wait=20' };
  expect((await gateway.post('wake', { text: 'hi', mode: 'next-heartbeat' }, headers)).status).toBe(200);
  expect((await gateway.post('batch', { items: [1, 2] }, headers)).status).toBe(202);
  expect((await gateway.post('batch', { items: [] }, headers)).status).toBe(204);
  expect((await agent(' ', headers)).status).toBe(400);
  expect((await agent('hi', { Prefer: 'wait=soon' })).status).toBe(202);
});

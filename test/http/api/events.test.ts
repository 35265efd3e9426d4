import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken, hookToken } from '../../support/gateway.ts';
import { providerError, startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

let healthy = true;
const model = await startModel(() => (healthy ? 'HEARTBEAT_OK' : providerError(400, 'I cannot')));
const door = (message: string) => ({
  agents: model.agents,
  hooks: {
    mappings: [
      { id: 'front', match: { path: 'door', source: 'front' }, messageTemplate: `${message} {{who}}`, deliver: false },
    ],
  },
});
const gateway = await tempGateway(door('Somebody rang:'));
const open = await tempGateway({ gateway: { token: undefined } });

const rang = async (payload: object): Promise<string> => {
  await gateway.post('door', payload, { 'X-Door-Event': 'oak' });
  const { events } = (await gateway.api('GET', '/events?limit=1')).body;
  return events[0].eventId;
};
const call = (path: string, token: string | undefined, method = 'GET') =>
  fetch(gateway.url + path, { method, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });

describe('the owner’s API', () => {
  it.each([
    ['GET', '/api/runs'],
    ['GET', '/api/runs/x'],
    ['POST', '/api/runs/x/retry'],
    ['GET', '/api/events'],
    ['GET', '/api/events/x'],
    ['POST', '/api/events/x/replay'],
    ['GET', '/api/nothing'],
    ['GET', '/metrics'],
  ])('opens to the gateway’s token alone: %s %s', async (method, path) => {
    for (const token of [undefined, 'wrong', hookToken]) expect((await call(path, token, method)).status).toBe(401);
    expect((await call(path, gatewayToken, method)).status).not.toBe(401);
  });

  it('does not take its token from the URL', async () => {
    expect((await call(`/api/runs?token=${gatewayToken}`, undefined)).status).toBe(401);
  });

  it('is closed where the config has no gateway.token', async () => {
    for (const headers of [{}, { Authorization: 'Bearer ' }, { Authorization: 'Bearer undefined' }]) {
      expect((await fetch(`${open.url}/api/runs`, { headers })).status).toBe(401);
    }
  });

  it('says 404 for what is not there', async () => {
    for (const [method, path] of [
      ['GET', '/runs/x'],
      ['POST', '/runs/x/retry'],
      ['GET', '/events/x'],
      ['POST', '/events/x/replay'],
    ] as const) {
      expect(await gateway.api(method, path)).toMatchObject({ status: 404, body: { ok: false } });
    }
  });
});

describe('events', () => {
  it('are shown with what was received and what became of it', async () => {
    const eventId = await rang({ source: 'front', who: 'Ada' });
    const { event } = (await gateway.api('GET', `/events/${eventId}`)).body;
    expect(event).toMatchObject({
      eventId,
      hook: 'door',
      outcome: 'accepted',
      mapping: 'front',
      detail: null,
      receivedAt: expect.any(Number),
      replayOf: null,
      answer: { ok: true, eventId, runId: expect.any(String) },
      headers: { 'x-door-event': 'oak' },
      query: {},
      body: '{"source":"front","who":"Ada"}',
    });
  });

  it('whose body is no text are shown as base64', async () => {
    const body = Buffer.concat([Buffer.from('{"source":"front","who":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const { eventId } = (await gateway.post('door', body)).body;
    const { event } = (await gateway.api('GET', `/events/${eventId}`)).body;
    expect(Buffer.from(event.bodyBase64, 'base64')).toEqual(body);
  });

  it('are listed newest first, page by page, by hook and by outcome', async () => {
    const list = async (query: string): Promise<{ eventId: string; hook: string; outcome: string }[]> =>
      (await gateway.api('GET', `/events?${query}`)).body.events;
    await gateway.post('wake', { text: 'x', mode: 'next-heartbeat' });
    await rang({ source: 'back' });
    const all = await list('limit=100');
    expect(all[0]).toMatchObject({ hook: 'door', outcome: 'filtered' });
    expect(all[1]).toMatchObject({ hook: 'wake', outcome: 'accepted' });
    expect(await list(`limit=2&before=${all[0]?.eventId}`)).toEqual(all.slice(1, 3));
    expect(await list('hook=wake')).toEqual(all.filter(({ hook }) => hook === 'wake'));
    expect(await list('outcome=filtered')).toEqual(all.filter(({ outcome }) => outcome === 'filtered'));
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'outcome=lost'])('are not listed by %s', async (query) => {
    expect(await gateway.api('GET', `/events?${query}`)).toMatchObject({ status: 400, body: { ok: false } });
  });

  it('go through today’s mappings again when they are replayed, as new events that name the old', async () => {
    const eventId = await rang({ source: 'front', who: 'Bob' });
    gateway.writeConfig(door('Open the door for'));
    await eventually(() => gateway.logs.some((line) => line.msg === 'config reloaded'));
    const { status, body } = await gateway.api('POST', `/events/${eventId}/replay`);
    expect({ status, body }).toMatchObject({ status: 200, body: { ok: true, outcome: 'accepted', status: 202 } });
    expect((await gateway.ended(body.answer.runId)).prompt).toContain('Open the door for');
    const { event } = (await gateway.api('GET', `/events/${body.answer.eventId}`)).body;
    expect(event).toMatchObject({
      replayOf: eventId,
      headers: { 'x-door-event': 'oak' },
      body: '{"source":"front","who":"Bob"}',
    });
  });

  it('that were filtered say so again when they are replayed', async () => {
    const answer = await gateway.api('POST', `/events/${await rang({ source: 'back' })}/replay`);
    expect(answer).toMatchObject({ status: 200, body: { ok: true, outcome: 'filtered', status: 204, answer: null } });
  });
});

describe('runs', () => {
  it('are shown with what was asked, under which policy, and what was sent to the model', async () => {
    const { body } = await gateway.post('door', { source: 'front', who: 'Eve' });
    const run = await gateway.ended(body.runId);
    expect(run).toMatchObject({
      kind: 'hook',
      hook: 'door',
      eventId: body.eventId,
      policy: { allowUnsafeExternalContent: false, updateMainSession: 'always' },
      action: { kind: 'agent', deliver: false },
    });
    expect(run.prompt).toBe(model.calls.find((call) => call.prompt.includes('"Eve"'))?.prompt);
    const { runs } = (await gateway.api('GET', '/runs?kind=hook&limit=1')).body;
    expect(runs[0]).toMatchObject({ runId: body.runId, hook: 'door', eventId: body.eventId });
    expect(runs[0]).not.toHaveProperty('prompt');
  });

  it('in error can be retried by hand, others not', async () => {
    healthy = false;
    const { runId } = (await gateway.post('door', { source: 'front', who: 'Mallory' })).body;
    const failed = await gateway.ended(runId);
    expect(failed).toMatchObject({ status: 'error', errorCode: 'provider' });
    healthy = true;
    expect(await gateway.api('POST', `/runs/${runId}/retry`)).toMatchObject({ status: 202, body: { ok: true, runId } });
    const done = await eventually(async () => {
      const { run } = (await gateway.api('GET', `/runs/${runId}`)).body;
      return run.status === 'completed' && run;
    });
    expect(done).toMatchObject({ error: null, errorCode: null, outputText: 'HEARTBEAT_OK' });
    const again = await gateway.api('POST', `/runs/${runId}/retry`);
    expect(again).toMatchObject({ status: 409, body: { ok: false, error: expect.stringContaining('completed') } });
  });
});

describe('what machines ask', () => {
  it('/healthz and /readyz are open and one word', async () => {
    for (const [path, word] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ]) {
      const response = await fetch(gateway.url + path);
      expect([response.status, await response.text()]).toEqual([200, word]);
    }
  });

  it('/metrics counts events by outcome, runs by status, and jobs, and no name that a caller made up', async () => {
    await gateway.post('made-up-by-a-caller', {});
    const response = await call('/metrics', gatewayToken);
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(/^gimli_events_total\{hook="door",outcome="accepted"\} [1-9]/m);
    expect(text).toMatch(/^gimli_events_total\{hook="unknown",outcome="filtered"\} 1$/m);
    expect(text).toMatch(/^gimli_runs_total\{hook="door",status="completed"\} [1-9]/m);
    expect(text).toMatch(/^gimli_runs_total\{hook="door",status="error"\} 1$/m);
    expect(text).toMatch(/^gimli_run_duration_seconds_count [1-9]/m);
    expect(text).toMatch(/^gimli_jobs\{status="dead"\} 0$/m);
    expect(text).not.toContain('made-up');
  });
});

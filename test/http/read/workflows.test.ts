import { describe, expect, it } from '@jest/globals';
import { listen } from '../../support/event-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken, hookToken } from '../../support/gateway.ts';
import { startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
const letGo = async () => {
  await eventually(() => release.length > 0);
  for (const go of release.splice(0)) go();
};
const model = await startModel(({ prompt }) => {
  const reply = 'That is done as far as it can be.';
  if (!prompt.includes('slowly')) return reply;
  return new Promise<string>((resolve) => release.push(() => resolve(reply)));
});
const gateway = await tempGateway({ agents: model.agents });

const steps = (...messages: string[]) => messages.map((message, at) => ({ id: `s${at}`, name: `S${at}`, message }));
const request = (id: string, ...messages: string[]) => ({
  id,
  name: id.toUpperCase(),
  steps: steps(...messages),
  wakeMode: 'next-heartbeat',
});
const start = async (id: string, ...messages: string[]): Promise<string> =>
  (await gateway.post('workflow', request(id, ...messages))).body.workflowRunId;
const ended = (id: string) =>
  eventually(async () => {
    const { workflow } = (await gateway.get(`workflows/${id}`)).body;
    return workflow.completedAt !== null && workflow;
  });

describe('GET /hooks/workflows', () => {
  it('lists the newest first, by status and workflow, in pages', async () => {
    const ids: string[] = [];
    for (const id of ['a', 'b', 'a', 'a']) ids.push(await start(id, 'Go'));
    for (const id of ids) await ended(id);
    const list = async (query: string) => (await gateway.get(`workflows${query}`)).body;
    const idsOf = (body: { workflows: { workflowRunId: string }[] }) =>
      body.workflows.map(({ workflowRunId }) => workflowRunId);
    const all = await list('');
    expect(idsOf(all)).toEqual([...ids].reverse());
    expect(all).toMatchObject({ ok: true, total: 4, limit: 50, offset: 0 });
    const page = await list('?workflowId=a&limit=2&offset=1');
    expect(page).toMatchObject({ total: 3, limit: 2, offset: 1 });
    expect(idsOf(page)).toEqual([ids[2], ids[0]]);
    expect(await list('?status=completed&workflowId=b')).toMatchObject({ total: 1 });
    expect(await list('?status=running')).toMatchObject({ workflows: [], total: 0 });
    expect(all.workflows[0]).toEqual({
      workflowRunId: ids[3],
      workflowId: 'a',
      workflowName: 'A',
      sessionKey: `workflow:${ids[3]}`,
      status: 'completed',
      createdAt: expect.any(Number),
      startedAt: expect.any(Number),
      completedAt: expect.any(Number),
      stepsCompleted: 1,
      stepsTotal: 1,
      currentStep: null,
      summary: 'That is done as far as it can be.',
      error: null,
      errorCode: null,
    });
  });

  it.each([
    ['status=done', 'status must be one of pending, running, completed, error'],
    ['limit=0', 'limit must be an integer from 1 to 100'],
    ['limit=101', 'limit must be an integer from 1 to 100'],
    ['offset=-1', 'offset must be an integer of at least 0'],
  ])('refuses ?%s', async (query, error) => {
    expect(await gateway.get(`workflows?${query}`)).toMatchObject({ status: 400, body: { ok: false, error } });
  });

  it('is for reading with the hook token, and so is each path below it', async () => {
    for (const path of ['workflows', 'workflows/wf-1', 'workflows/wf-1/stream']) {
      const url = `${gateway.url}/hooks/${path}`;
      const posted = await fetch(url, { method: 'POST' });
      expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
      expect((await fetch(url)).status).toBe(401);
    }
    expect(await gateway.get('workflows/wf-1/stream')).toMatchObject({ status: 404 });
  });
});

it('GET /hooks/workflows/:id shows where each step is while it goes on', async () => {
  const id = await start('live', 'Go', 'Go slowly', 'Go');
  const workflow = await eventually(async () => {
    const now = (await gateway.get(`workflows/${id}`)).body.workflow;
    return now.currentStep === 's1' && now.steps[1].status === 'running' && now;
  });
  expect(workflow).toMatchObject({ status: 'running', stepsCompleted: 1, stepsTotal: 3, completedAt: null });
  const never = { runId: null, startedAt: null, completedAt: null, summary: null, outputText: null };
  expect(workflow.steps).toMatchObject([
    { stepId: 's0', status: 'ok', outputText: 'That is done as far as it can be.' },
    { stepId: 's1', status: 'running', runId: expect.any(String), completedAt: null },
    { stepId: 's2', stepName: 'S2', status: 'pending', ...never },
  ]);
  await letGo();
  await ended(id);
});

describe('GET /hooks/workflows/:id/stream', () => {
  it('tells of each step as it goes on, and of the end', async () => {
    const id = await start('streamed', 'Go slowly', 'Go slowly', 'Go', 'Go');
    const listening = await listen(`${gateway.url}/hooks/workflows/${id}/stream`, hookToken);
    expect((await listening.first('workflow')).workflow).toMatchObject({ workflowRunId: id, completedAt: null });
    await letGo();
    await letGo();
    const heard = await listening.ended;
    const texts = heard.filter(({ event }) => event === 'text').map(({ data }) => data);
    const textOf = (step: string) => texts.flatMap(({ stepId, text }) => (stepId === step ? [text] : [])).join('');
    expect(['s0', 's1', 's2', 's3'].map(textOf)).toEqual(Array(4).fill('That is done as far as it can be.'));
    const stages = heard.flatMap(({ event, data }) =>
      event === 'workflow' ? [data.workflow.steps.map(({ status }: { status: string }) => status).join(' ')] : [],
    );
    expect(stages).toContain('ok running pending pending');
    expect(stages.at(-1)).toBe('ok ok ok ok');
    expect(heard.at(-1)?.data.workflow).toMatchObject({ status: 'completed' });
  });

  it('has the replies of the steps in its last event alone, so that it does not grow with each of them', async () => {
    const id = await start('replies', 'Go slowly', 'Go slowly', 'Go');
    const listening = await listen(`${gateway.url}/hooks/workflows/${id}/stream`, hookToken);
    await listening.first('workflow');
    await letGo();
    await letGo();
    const replies = (await listening.ended).flatMap(({ event, data }) =>
      event === 'workflow' ? [data.workflow.steps.map((step: { outputText: string | null }) => step.outputText)] : [],
    );
    expect(replies.length).toBeGreaterThan(1);
    expect(replies.pop()).toEqual(Array(3).fill('That is done as far as it can be.'));
    expect(replies.flat().filter((text) => text !== null)).toEqual([]);
  });

  it('of one that has ended is its end, also for the owner', async () => {
    const id = await start('over', 'Go');
    await ended(id);
    const listening = await listen(`${gateway.url}/api/workflows/${id}/stream`, gatewayToken);
    expect(await listening.ended).toMatchObject([{ event: 'workflow', data: { workflow: { status: 'completed' } } }]);
  });
});

describe('Prefer: wait', () => {
  it('answers with the workflow once it has ended', async () => {
    const { status, headers, body } = await gateway.post('workflow', request('w', 'Go', 'Go'), { Prefer: 'wait=20' });
    expect(status).toBe(200);
    expect(headers.get('Preference-Applied')).toBe('wait');
    expect(body).toMatchObject({
      ok: true,
      workflowRunId: body.workflow.workflowRunId,
      eventId: expect.any(String),
      workflow: { status: 'completed', stepsCompleted: 2 },
    });
  });

  it('answers with 202 when the time is up', async () => {
    const answer = await gateway.post('workflow', request('w', 'Go slowly'), { Prefer: 'wait=0' });
    expect(answer).toMatchObject({ status: 202, body: { ok: true, workflowRunId: expect.any(String) } });
    await letGo();
    await ended(answer.body.workflowRunId);
  });
});

it('the same Idempotency-Key starts one workflow', async () => {
  const send = () => gateway.post('workflow', request('once', 'Go'), { 'Idempotency-Key': 'k1' });
  const [first, again] = [await send(), await send()];
  expect(again).toMatchObject({ status: 202, body: first.body });
  expect((await gateway.get('workflows?workflowId=once')).body.total).toBe(1);
});

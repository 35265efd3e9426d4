import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { parseFenced } from '../support/fenced-prompt.ts';
import { providerError, startModel, toolCalls } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
const letGo = () => {
  for (const go of release.splice(0)) go();
};
/** What has failed once does so no more. */
const failed = new Set<string>();
const model = await startModel(({ prompt, results }) => {
  if (prompt.startsWith('[heartbeat]')) return 'Read.';
  const [, word] = /say (\w+)/i.exec(prompt) ?? [];
  if (prompt.includes('slowly')) return new Promise<string>((resolve) => release.push(() => resolve(`Said ${word}.`)));
  if (prompt.includes('ping first') && results.length === 0) return toolCalls(['ping_user', { text: 'Ping.' }]);
  const [, once] = /fail once (\w+)/.exec(prompt) ?? [];
  if (once !== undefined && failed.has(once)) return 'At last.';
  if (once !== undefined) failed.add(once);
  if (prompt.includes('fail')) return providerError(400, 'no');
  return `Said ${word}.`;
});
const gateway = await tempGateway({
  agents: model.agents,
  channels: { owner: { channel: 'log', to: 'me' } },
  workflows: {
    chain: {
      name: 'Chain',
      thinking: 'low',
      steps: [
        { id: 'draft', message: 'Say draft about {{topic}}' },
        { id: 'polish', name: 'Polish', message: 'Say polish of {{steps.draft.outputText}} on {{payload.topic}}' },
        { id: 'excuse', condition: 'previous-error', message: 'Say sorry for {{steps.polish.error}}' },
      ],
    },
  },
  hooks: {
    mappings: [
      { match: { path: 'chain' }, action: 'workflow', workflow: 'chain', sessionKey: 'chain:{{topic}}' },
      {
        id: 'inline',
        match: { path: 'inline' },
        action: 'workflow',
        name: 'Order {{id}}',
        tools: ['ping_user'],
        updateMainSession: 'on_ping',
        steps: [
          { id: 'look', message: 'Say look at {{id}}, {{how}}' },
          { id: 'act', message: 'Say act' },
        ],
      },
      {
        match: { path: 'each' },
        action: 'workflow',
        forEach: 'items',
        steps: [{ id: 'one', message: 'Say {{items[0].word}}' }],
      },
    ],
  },
});

interface StepOf {
  id: string;
  message: string;
  condition?: string;
}
const step = (id: string, message = `Say ${id}`, condition?: string): StepOf => ({
  id,
  message,
  ...(condition && { condition }),
});
const quiet = { wakeMode: 'next-heartbeat' };
async function start(steps: readonly StepOf[], more: object = {}): Promise<string> {
  const named = steps.map((one) => ({ ...one, name: `Step ${one.id}` }));
  const { status, body } = await gateway.post('workflow', { id: 'w', name: 'W', steps: named, ...quiet, ...more });
  expect([status, body]).toEqual([202, { ok: true, workflowRunId: expect.any(String), eventId: expect.any(String) }]);
  return body.workflowRunId;
}
const workflow = async (id: string) => (await gateway.get(`workflows/${id}`)).body.workflow;
const ended = (id: string) =>
  eventually(async () => {
    const now = await workflow(id);
    return now.completedAt !== null && now;
  });
const statuses = (of: { steps: { status: string }[] }) => of.steps.map(({ status }) => status);
const retry = (id: string) => gateway.api('POST', `/workflows/${id}/retry`);
let wakes = 0;
const inbox = async (): Promise<string[]> => {
  wakes += 1;
  const last = `The end of ${wakes}`;
  await gateway.post('wake', { text: last, mode: 'now' });
  const beats = await eventually(async () => {
    const all: { prompt: string }[] = await gateway.beats();
    return all.at(-1)?.prompt.includes(last) && all;
  });
  return beats.flatMap(({ prompt }: { prompt: string }) => parseFenced(prompt).data.map(([, text]) => text));
};

describe('a workflow', () => {
  it('is the example of the guide: its steps are turns of one session, in order, and each sees those before', async () => {
    const { body } = await gateway.post('workflow', {
      id: 'plan-build-test',
      name: 'Plan-Build-Test',
      sessionKey: 'workflow:my-task',
      deliver: false,
      model: 'anthropic/claude-3-5-sonnet',
      thinking: 'high',
      continueOnError: false,
      steps: [
        { id: 'plan', name: 'Plan', message: 'Create implementation plan, say plan' },
        { id: 'build', name: 'Build', message: 'Implement the plan, say build', condition: 'previous-success' },
        { id: 'test', name: 'Test', message: 'Run tests, say tested', condition: 'previous-success' },
      ],
    });
    const done = await ended(body.workflowRunId);
    expect(done).toMatchObject({
      workflowId: 'plan-build-test',
      workflowName: 'Plan-Build-Test',
      sessionKey: 'workflow:my-task',
      status: 'completed',
      stepsCompleted: 3,
      stepsTotal: 3,
      currentStep: null,
      summary: 'Said tested.',
      error: null,
    });
    expect(done.steps).toMatchObject([
      { stepId: 'plan', stepName: 'Plan', status: 'ok', outputText: 'Said plan.' },
      { stepId: 'build', stepName: 'Build', status: 'ok', outputText: 'Said build.' },
      { stepId: 'test', stepName: 'Test', status: 'ok', outputText: 'Said tested.' },
    ]);
    const [first, second, third] = model.calls.slice(-3);
    expect(first?.messages).toHaveLength(1);
    expect(second?.messages.slice(0, 2)).toEqual([first?.prompt, 'Said plan.']);
    expect(third?.messages.slice(0, 4)).toEqual([first?.prompt, 'Said plan.', second?.prompt, 'Said build.']);
    const run = (await gateway.get(`runs/${done.steps[1].runId}`)).body.run;
    expect(run).toMatchObject({
      workflowRunId: body.workflowRunId,
      name: 'Plan-Build-Test: Build',
      sessionKey: 'workflow:my-task',
      model: 'anthropic/claude-sonnet-5-5',
      attempts: 1,
    });
    expect(done.startedAt).toBe(done.steps[0].startedAt);
  });

  it('has a session of its own unless it is given one', async () => {
    const [one, two] = [await ended(await start([step('a')])), await ended(await start([step('a')]))];
    expect(one.sessionKey).toBe(`workflow:${one.workflowRunId}`);
    expect(two.sessionKey).toBe(`workflow:${two.workflowRunId}`);
  });

  it('is one for its session: what else comes for that waits until all steps are done', async () => {
    const sessionKey = 'shared';
    const first = await start([step('a1', 'Say a1 slowly'), step('a2'), step('a3', 'fail'), step('a4')], {
      sessionKey,
      continueOnError: true,
    });
    await eventually(() => release.length > 0);
    const second = await start([step('b1'), step('b2')], { sessionKey });
    const { body } = await gateway.post('agent', { message: 'Say c1', sessionKey, deliver: false, ...quiet });
    letGo();
    await gateway.ended(body.runId);
    const { turns } = (await gateway.api('GET', `/sessions/${sessionKey}`)).body;
    expect(turns.map(({ outputText }: { outputText: string }) => outputText)).toEqual(
      ['a1', 'a2', 'a4', 'b1', 'b2', 'c1'].map((word) => `Said ${word}.`),
    );
    expect((await ended(first)).status).toBe('error');
    expect((await ended(second)).status).toBe('completed');
  });

  it('keeps the messages of a caller inside the fence, with what they name of earlier steps in its place', async () => {
    const id = await start([step('plan'), step('build', 'Say built: {{ steps.plan.outputText }} and {{other}}')]);
    const done = await ended(id);
    const { prompt } = (await gateway.api('GET', `/runs/${done.steps[1].runId}`)).body.run;
    const { outside, data } = parseFenced(prompt);
    expect(data).toEqual([['payload.steps[1].message', 'Say built: Said plan. and {{other}}']]);
    expect(outside).not.toContain('Said');
  });

  it('of the config is the owner’s: its words are the task, values and earlier replies are data', async () => {
    const { body } = await gateway.post('workflow', { id: 'chain', topic: 'rain', ...quiet });
    const done = await ended(body.workflowRunId);
    expect(done).toMatchObject({ workflowId: 'chain', workflowName: 'Chain', status: 'completed' });
    expect(statuses(done)).toEqual(['ok', 'ok', 'skipped']);
    expect(done.steps.map(({ stepName }: { stepName: string }) => stepName)).toEqual(['draft', 'Polish', 'excuse']);
    const { prompt, action } = (await gateway.api('GET', `/runs/${done.steps[1].runId}`)).body.run;
    const { outside, data } = parseFenced(prompt);
    expect(outside).toContain('Say polish of {{steps.draft.outputText}} on {{payload.topic}}');
    expect(data).toEqual([
      ['steps.draft.outputText', 'Said draft.'],
      ['payload.topic', 'rain'],
    ]);
    expect(action.thinking).toBe('low');
  });

  it('may be started by a mapping, which names its session and its runs', async () => {
    const { status, body } = await gateway.post('chain', { topic: 'snow' });
    expect(status).toBe(202);
    expect(await ended(body.workflowRunId)).toMatchObject({ sessionKey: 'chain:snow', workflowId: 'chain' });
    const inline = await gateway.post('inline', { id: 7, how: 'well' });
    const done = await ended(inline.body.workflowRunId);
    expect(done).toMatchObject({ workflowId: 'inline', workflowName: 'Order 7', stepsCompleted: 2 });
  });

  it('is made for each element of a batch, and the answer names them all', async () => {
    const { status, body } = await gateway.post('each', { items: [{ word: 'one' }, { word: 'two' }] });
    expect(status).toBe(202);
    expect(body).toEqual({
      ok: true,
      workflowRunId: body.workflowRunIds[0],
      workflowRunIds: [expect.any(String), expect.any(String)],
      eventId: expect.any(String),
    });
    const data = await Promise.all(
      body.workflowRunIds.map(async (id: string) => {
        const [{ runId }] = (await ended(id)).steps;
        return parseFenced((await gateway.api('GET', `/runs/${runId}`)).body.run.prompt).data;
      }),
    );
    expect(data).toEqual([[['items[0].word', 'one']], [['items[0].word', 'two']]]);
  });
});

describe('a step that fails', () => {
  it('lets only the steps for failures run after it', async () => {
    const id = await start([
      step('plan'),
      step('build', 'fail'),
      step('test', 'Say test', 'previous-success'),
      step('rescue', 'Say rescued', 'previous-error'),
      step('always'),
    ]);
    const done = await ended(id);
    expect(statuses(done)).toEqual(['ok', 'error', 'skipped', 'ok', 'skipped']);
    expect(done).toMatchObject({
      status: 'error',
      errorCode: 'provider',
      stepsCompleted: 2,
      error: expect.stringMatching(/^Step build: .*HTTP 400 api_error/),
      summary: expect.stringMatching(/^failed at Step build \(provider\): /),
    });
  });

  it('holds nothing up with continueOnError, but the workflow counts as failed', async () => {
    const id = await start([step('a', 'fail'), step('b'), step('c', 'Say c', 'previous-error')], {
      continueOnError: true,
    });
    const done = await ended(id);
    expect(statuses(done)).toEqual(['error', 'ok', 'skipped']);
    expect(done.status).toBe('error');
  });

  it('by its time-out is not tried again', async () => {
    const id = await start([step('a', 'Say a slowly')], { timeoutSeconds: 1 });
    expect(await ended(id)).toMatchObject({ status: 'error', errorCode: 'timeout', steps: [{ status: 'error' }] });
    letGo();
  });

  it('is where a retry goes on, and what came after it counts no more', async () => {
    const id = await start([
      step('a'),
      step('b', 'fail once here'),
      step('c', 'Say c', 'previous-success'),
      step('d', 'Say d', 'previous-error'),
    ]);
    const first = await ended(id);
    expect(statuses(first)).toEqual(['ok', 'error', 'skipped', 'ok']);
    expect((await retry(id)).status).toBe(202);
    const second = await ended(id);
    expect(statuses(second)).toEqual(['ok', 'ok', 'ok', 'skipped']);
    expect(second).toMatchObject({ status: 'completed', stepsCompleted: 3, error: null, errorCode: null });
    expect(second.steps.slice(0, 2).map(({ runId }: { runId: string }) => runId)).toEqual(
      first.steps.slice(0, 2).map(({ runId }: { runId: string }) => runId),
    );
    expect(await retry(id)).toMatchObject({ status: 409, body: { error: expect.stringContaining('completed') } });
    // Its run is still there to be read.
    const superseded = first.steps[3].runId;
    expect((await gateway.get(`runs/${superseded}`)).body.run).toMatchObject({ status: 'completed' });
  });

  it('can be retried as the run that it is, but not while the workflow goes on or after it has gone on without it', async () => {
    const id = await start([step('a', 'fail once there'), step('b', 'Say b slowly')], { continueOnError: true });
    const failed = await eventually(async () => {
      const now = await workflow(id);
      return now.steps[0].status === 'error' && now.steps[1].status === 'running' && now.steps[0].runId;
    });
    const retryRun = (runId: string) => gateway.api('POST', `/runs/${runId}/retry`);
    expect(await retryRun(failed)).toMatchObject({ status: 409, body: { error: expect.stringContaining('goes on') } });
    letGo();
    await ended(id);
    expect((await retryRun(failed)).status).toBe(202);
    await eventually(() => release.length > 0);
    letGo();
    expect(statuses(await ended(id))).toEqual(['ok', 'ok']);
  });
});

describe('a workflow that is cancelled', () => {
  const cancelled = { status: 'error', errorCode: 'cancelled', error: 'cancelled by the owner' };
  const cancel = (id: string) => gateway.api('POST', `/workflows/${id}/cancel`);

  it('ends at the step under way, and no later one runs', async () => {
    const id = await start([step('a'), step('b', 'Say b slowly'), step('c'), step('d', 'Say d', 'previous-error')]);
    await eventually(() => release.length > 0);
    expect((await cancel(id)).status).toBe(202);
    const done = await ended(id);
    expect(done).toMatchObject(cancelled);
    expect(statuses(done)).toEqual(['ok', 'error', 'skipped', 'skipped']);
    expect(done.steps[1].errorCode).toBe('cancelled');
    letGo();
    expect(await cancel(id)).toMatchObject({ status: 409, body: { error: 'the workflow has ended already' } });
    expect(await cancel('wf-none')).toMatchObject({ status: 404, body: { error: 'workflow run not found' } });
  });

  it('ends at once where its step still waits', async () => {
    const [ahead, behind] = [
      await start([step('a', 'Say a slowly')], { sessionKey: 'same' }),
      await start([step('b')], { sessionKey: 'same' }),
    ];
    await eventually(() => release.length > 0);
    expect((await cancel(behind)).status).toBe(202);
    expect(await workflow(behind)).toMatchObject({ ...cancelled, steps: [{ status: 'error' }] });
    letGo();
    expect((await ended(ahead)).status).toBe('completed');
  });

  it('also ends where the run of its step is cancelled, and a retry goes on from there', async () => {
    const id = await start([step('a', 'Say a slowly'), step('b')], { continueOnError: true });
    await eventually(() => release.length > 0);
    const [{ runId }] = (await workflow(id)).steps;
    expect((await gateway.api('POST', `/runs/${runId}/cancel`)).status).toBe(202);
    expect(await ended(id)).toMatchObject(cancelled);
    letGo();
    expect((await retry(id)).status).toBe(202);
    await eventually(() => release.length > 0);
    letGo();
    expect(statuses(await ended(id))).toEqual(['ok', 'ok']);
  });
});

describe('main', () => {
  it('hears of a workflow once, when it has ended', async () => {
    await ended(await start([step('a'), step('b', 'Say heard')], { name: 'Twosome' }));
    await ended(await start([step('a', 'fail'), step('b')], { name: 'Broken' }));
    const lines = await inbox();
    expect(lines.filter((line) => line.startsWith('Twosome'))).toEqual(['Twosome: Said heard.']);
    expect(lines.filter((line) => line.startsWith('Broken'))).toEqual([
      expect.stringMatching(/^Broken failed at Step a \(provider\): /),
    ]);
  });

  it('hears of it with on_ping only if a step has pinged, whichever it was', async () => {
    await ended((await gateway.post('inline', { id: 'silent', how: 'well' })).body.workflowRunId);
    await ended((await gateway.post('inline', { id: 'loud', how: 'ping first' })).body.workflowRunId);
    const lines = await inbox();
    expect(lines.filter((line) => line.startsWith('Order silent'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('Order loud'))).toEqual(['Order loud: Said act.']);
  });
});

describe('deliver', () => {
  const deliveries = async (id: string) => {
    const { steps } = await ended(id);
    const ids: string[] = steps.map(({ runId }: { runId: string | null }) => runId ?? 'none');
    const runs = await Promise.all(ids.map(async (runId) => (await gateway.get(`runs/${runId}`)).body.run));
    return runs.map((run) => (run?.delivery ? run.delivery.channel : null));
  };
  const steps = [step('a'), step('b'), step('c', 'Say c', 'previous-error')];

  it('sends nothing unless asked', async () => {
    expect(await deliveries(await start(steps))).toEqual([null, null, null]);
  });

  it('true sends the reply of the step that ran last', async () => {
    expect(await deliveries(await start(steps, { deliver: true }))).toEqual([null, 'log', null]);
  });

  it('every-step sends that of each', async () => {
    expect(await deliveries(await start(steps, { deliver: 'every-step' }))).toEqual(['log', 'log', null]);
  });
});

it('a workflow of which no step can run has ended when it is answered, and main hears of it', async () => {
  const steps = [step('a', 'Say a', 'previous-success'), step('b', 'Say b', 'previous-error')];
  const id = await start(steps, { name: 'Idle' });
  expect(await workflow(id)).toMatchObject({ status: 'completed', summary: 'no step had to run', stepsCompleted: 0 });
  expect(statuses(await workflow(id))).toEqual(['skipped', 'skipped']);
  expect(await inbox()).toContain('Idle: no step had to run');
});

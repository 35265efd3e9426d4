import type { FixtureResponse } from '@copilotkit/aimock';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/domain/time/clock.ts';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { providerError, startModel, toolCalls } from '../support/model.ts';
import { verdicts } from '../support/screening-model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const guard = 'claude-haiku-5-5';
/** Of Sonnet 5.5, whose million tokens cost two dollars. */
const dollar = 500_000;
const costing = (amount: number, answer: FixtureResponse = { content: 'Done.' }): FixtureResponse => ({
  ...answer,
  usage: { input_tokens: amount * dollar, output_tokens: 0 },
});

const model = await startModel(({ model, prompt, results }) => {
  if (model === guard) return costing(50, { content: verdicts(prompt, () => false) });
  if (prompt.startsWith('[heartbeat]')) return costing(1, { content: 'HEARTBEAT_OK' });
  if (prompt.includes('costs much at once')) return costing(5);
  if (prompt.includes('calls what there is not')) return costing(2, toolCalls(['nothing', {}]));
  if (prompt.includes('fails on the way') && results.length > 0) return providerError(529, 'Overloaded');
  if (prompt.includes('fails on the way')) return costing(1, toolCalls(['nothing', {}]));
  if (results.length < 3) return costing(1, toolCalls(['report', { text: `step ${results.length}` }]));
  return costing(1);
});

const usual = { deliver: false, wakeMode: 'next-heartbeat', tools: ['report'], messageTemplate: 'Do {{text}}' };
const config = (budget: object, more: object = {}) => ({
  agents: {
    ...model.agents,
    defaults: { model: 'sonnet', budget, ...more },
  },
  hooks: {
    mappings: [
      { ...usual, id: 'work', match: { path: 'work' } },
      { ...usual, id: 'screened', match: { path: 'screened' }, screen: true },
      { ...usual, id: 'session', match: { path: 'session' }, sessionKey: 'hook:one' },
    ],
  },
});
const post = async (to: TestGateway, hook: string, text: string): Promise<string> =>
  (await to.post(hook, { text })).body.runId;
const show = async (of: TestGateway, id: string) => (await of.api('GET', `/runs/${id}`)).body.run;
const askedFor = (text: string) => model.calls.filter((call) => call.model !== guard && call.prompt.includes(text));

const small = await tempGateway(config({ perRun: 2 }));

describe('a budget for each run', () => {
  const ran = async (hook: string, text: string) => small.ended(await post(small, hook, text));

  it('ends a turn that wants to go on though it has cost more; the call that it wanted is noted and not made', async () => {
    const run = await ran('work', 'a long task');
    expect(run).toMatchObject({
      status: 'error',
      errorCode: 'budget',
      error: 'the run has cost $3.00, more than agents.defaults.budget.perRun ($2.00) allows',
      attempts: 1,
      cost: 3,
    });
    expect(askedFor('a long task')).toHaveLength(3);
    expect(run.toolCalls).toMatchObject([{ error: null }, { error: null }, { error: run.error }]);
    expect(await small.jobs()).toMatchObject({ queued: 0, dead: 0 });
  });

  it('lets a run that has its answer complete, whatever that cost', async () => {
    expect(await ran('work', 'what costs much at once')).toMatchObject({ status: 'completed', cost: 5 });
  });

  it('ends a turn whose model goes on with tools that there are not', async () => {
    const run = await ran('work', 'calls what there is not');
    expect(run).toMatchObject({ errorCode: 'budget', cost: 6 });
    expect(askedFor('calls what there is not')).toHaveLength(3);
  });

  it('counts the screening, after which the model is not asked', async () => {
    expect(await ran('screened', 'too dear to read')).toMatchObject({ errorCode: 'budget', cost: 2.5 });
    expect(askedFor('too dear to read')).toEqual([]);
  });
});

it('a run that its budget has ended goes on by hand once that is raised, and not before', async () => {
  const gateway = await tempGateway(config({ perRun: 1.5 }));
  const id = await post(gateway, 'work', 'in two parts');
  expect(await gateway.ended(id)).toMatchObject({ errorCode: 'budget', cost: 2 });
  await gateway.api('POST', `/runs/${id}/retry`);
  const again = await eventually(async () => {
    const run = await show(gateway, id);
    return run.status === 'error' && gateway.logs.filter(({ runId, code }) => runId === id && code).length === 2 && run;
  });
  expect(again).toMatchObject({ errorCode: 'budget', cost: 2 });
  expect(askedFor('in two parts')).toHaveLength(2);

  gateway.writeConfig(config({ perRun: 100 }));
  await gateway.gimli.reload();
  await gateway.api('POST', `/runs/${id}/retry`);
  await eventually(async () => (await show(gateway, id)).status === 'completed');
  expect(await show(gateway, id)).toMatchObject({ error: null, cost: 6 });
});

it('another attempt does not begin where the first has cost more than the budget of the run', async () => {
  const gateway = await tempGateway(config({ perRun: 0.5 }));
  const run = await gateway.ended(await post(gateway, 'work', 'what fails on the way'));
  expect(run).toMatchObject({ errorCode: 'budget', attempts: 2, cost: 1 });
  expect(askedFor('what fails on the way')).toHaveLength(2);
});

it('another attempt begins with all that is known to be spent, also where a fallback without a price has answered', async () => {
  const { agents, ...same } = config({ perRun: 1.5 }, { fallbacks: ['local/m'] });
  const providers = { ...agents.providers, local: agents.providers.anthropic };
  const gateway = await tempGateway({ ...same, agents: { ...agents, providers } });
  const run = await gateway.ended(await post(gateway, 'work', 'what fails on the way on both'));
  const error = 'the run has cost $2.00, more than agents.defaults.budget.perRun ($1.50) allows';
  expect(run).toMatchObject({ errorCode: 'budget', error, attempts: 2, cost: null });
  expect(run.usage).toEqual({ inputTokens: 3 * dollar, outputTokens: 0 });
});

describe('a budget for the day', () => {
  const budgetLogs = (of: TestGateway) => of.logs.filter(({ msg }) => /budget/.test(String(msg))).map(({ msg }) => msg);

  it('holds runs and heartbeats once it is spent, says so, and lets them go on when it is raised', async () => {
    const gateway = await tempGateway(config({ perDay: 5 }));
    await gateway.ended(await post(gateway, 'work', 'what costs much at once'));
    const first = await post(gateway, 'session', 'first');
    const second = await post(gateway, 'session', 'second');
    await gateway.post('wake', { text: 'the bell' });
    await eventually(() => budgetLogs(gateway).length === 1);
    expect(budgetLogs(gateway)).toEqual([
      'the budget of the day is spent: runs and heartbeats wait for midnight UTC, or for a larger agents.defaults.budget.perDay ($5.00)',
    ]);
    expect(await show(gateway, first)).toMatchObject({ status: 'pending', waiting: 'the budget of the day' });
    expect(await show(gateway, second)).toMatchObject({ waiting: 'behind another run of the session' });
    expect((await gateway.api('GET', '/runs?status=pending')).body.runs.at(-1).waiting).toBe('the budget of the day');
    expect((await gateway.api('GET', '/costs')).body.budget).toEqual({ perRun: null, perDay: 5, isDaySpent: true });
    expect(await gateway.jobs()).toMatchObject({ queued: 2, waiting: 1, running: 0 });

    gateway.writeConfig(config({ perDay: 500 }));
    await gateway.gimli.reload();
    for (const id of [first, second]) {
      expect(await gateway.ended(id)).toMatchObject({ status: 'completed', attempts: 1, waiting: null });
    }
    await eventually(async () => (await gateway.beats()).length > 0);
    expect(budgetLogs(gateway).slice(1)).toEqual(['runs and heartbeats go on: there is a budget again']);
  });

  it('is there anew when the day changes', async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    const gateway = await tempGateway(config({ perDay: 5 }), () => {}, clock);
    await gateway.ended(await post(gateway, 'work', 'what costs much at once'));
    const held = await post(gateway, 'work', 'the rest');
    await eventually(() => budgetLogs(gateway).length === 1);
    expect(await show(gateway, held)).toMatchObject({ status: 'pending', attempts: 0 });
    ahead = 86_400_000;
    expect(await gateway.ended(held)).toMatchObject({ status: 'completed', cost: 4 });
    const { days } = (await gateway.api('GET', '/costs?days=2')).body;
    expect(days.map(({ cost }: { cost: number }) => cost)).toEqual([4, 5]);
    expect((await gateway.api('GET', '/costs?days=1')).body.days).toHaveLength(1);
  });

  it('of nothing at all holds everything until it is taken away', async () => {
    const gateway = await tempGateway(config({ perDay: 0 }));
    const held = await post(gateway, 'work', 'nothing may begin');
    await eventually(() => budgetLogs(gateway).length === 1);
    gateway.writeConfig(config({}));
    await gateway.gimli.reload();
    expect(await gateway.ended(held)).toMatchObject({ status: 'completed' });
  });
});

it('models in use whose cost cannot count are named where there is a budget', async () => {
  const unpriced = (gateway: TestGateway) =>
    gateway.logs
      .filter(({ level }) => level === 40)
      .flatMap(({ msg }) => String(msg).match(/budget does not count what (\S+)/)?.[1] ?? []);
  const models = {
    model: 'openai/a',
    fallbacks: ['openai/b', 'sonnet'],
    heartbeat: { every: '0m', model: 'openai/c' },
  };
  const hooks = { mappings: [{ ...usual, match: { path: 'x' }, model: 'openai/d', screen: true }] };
  const screening = { model: 'openai/e' };
  const agents = { defaults: { ...models, budget: { perRun: 1 } }, prices: { 'openai/b': { input: 1, output: 1 } } };
  const warned = await tempGateway({ agents, hooks, screening });
  expect(unpriced(warned)).toEqual(['openai/a', 'openai/c', 'openai/d', 'openai/e']);
  const silent = await tempGateway({ agents: { defaults: models }, hooks, screening });
  expect(unpriced(silent)).toEqual([]);
});

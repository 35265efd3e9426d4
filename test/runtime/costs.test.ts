import type { FixtureResponse } from '@copilotkit/aimock';
import { describe, expect, it } from '@jest/globals';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayToken, startGateway, type TestGateway } from '../support/gateway.ts';
import { providerError, startModel, toolCalls } from '../support/model.ts';
import { verdicts } from '../support/screening-model.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const guard = 'claude-haiku-5-5';
const using = (input: number, output: number, answer: FixtureResponse = { content: 'Done.' }): FixtureResponse => ({
  ...answer,
  usage: { input_tokens: input, output_tokens: output },
});

let broken = 1;
let held = true;
const model = await startModel(({ model, prompt, results }) => {
  if (model === guard) return using(1000, 100, { content: verdicts(prompt, ({ value }) => value.includes('obey me')) });
  if (prompt.startsWith('[heartbeat]')) return using(300, 30, { content: 'HEARTBEAT_OK' });
  if (prompt.includes('for ever')) return using(100, 10, toolCalls(['report', { text: 'again' }]));
  if (prompt.includes('breaks') && results.length > 0 && broken-- > 0) return providerError(529, 'Overloaded');
  if (prompt.includes('breaks') && results.length === 0)
    return using(100, 10, toolCalls(['report', { text: 'so far' }]));
  if (prompt.includes('is cut short') && results.length > 0 && held) return new Promise<string>(() => {});
  if (prompt.includes('is cut short') && held) return using(10, 1, toolCalls(['report', { text: 'so far' }]));
  if (prompt.includes('is refused')) return using(40, 4, { content: 'No.', finishReason: 'refusal' });
  if (prompt.includes('is wrong') && results.length > 0) return providerError(400, 'no');
  if (prompt.includes('is wrong')) return using(70, 7, toolCalls(['report', { text: 'so far' }]));
  return using(500_000, 50_000);
});

const usual = { name: 'Mail', deliver: false, wakeMode: 'next-heartbeat', messageTemplate: 'Read {{text}}' };
const config = {
  agents: {
    ...model.agents,
    defaults: { model: 'sonnet', tools: ['report'] },
    providers: {
      ...model.agents.providers,
      local: { ...model.agents.providers.anthropic },
      sh: { api: 'command', command: 'cat' },
    },
  },
  hooks: {
    mappings: [
      { ...usual, id: 'mail', match: { path: 'mail' } },
      { ...usual, id: 'screened', match: { path: 'screened' }, screen: true },
      { ...usual, id: 'unpriced', match: { path: 'unpriced' }, model: 'local/m' },
      { ...usual, id: 'echo', match: { path: 'echo' }, model: 'echo/echo' },
      { ...usual, id: 'command', match: { path: 'command' }, model: 'sh/cat', tools: ['command'] },
    ],
  },
};
const gateway = await tempGateway(config);

async function ran(hook: string, text: string, on: TestGateway = gateway) {
  return on.ended((await on.post(hook, { text })).body.runId);
}
const spent = (inputTokens: number, outputTokens: number, cost: number | null) => ({
  usage: { inputTokens, outputTokens },
  cost,
});
async function costs(on: TestGateway = gateway) {
  return (await on.api('GET', '/costs')).body;
}
async function ofMapping(mapping: string, on: TestGateway = gateway) {
  const [today] = (await costs(on)).days;
  return today?.mappings.find((one: { mapping: string }) => one.mapping === mapping);
}

describe('a run', () => {
  it('says what it has used and what that cost, to callers of hooks as well', async () => {
    const { runId } = await ran('mail', 'this');
    const { run } = (await gateway.get(`runs/${runId}`)).body;
    expect(run).toMatchObject({ status: 'completed', ...spent(500_000, 50_000, 1.5) });
    const { runs } = (await gateway.get('runs?limit=1')).body;
    expect(runs).toMatchObject([spent(500_000, 50_000, 1.5)]);
  });

  it('whose model has no known price has a cost that is not known, and the totals say so', async () => {
    expect(await ran('unpriced', 'this')).toMatchObject(spent(500_000, 50_000, null));
    expect(await ofMapping('unpriced')).toMatchObject({
      runs: 1,
      inputTokens: 500_000,
      cost: null,
      unpricedAnswers: 1,
    });
  });

  it('on a command has a cost that is not known, though no tokens are, and the totals say so', async () => {
    expect(await ran('command', 'this')).toMatchObject(spent(0, 0, null));
    const expected = { mapping: 'command', runs: 1, inputTokens: 0, outputTokens: 0, cost: null, unpricedAnswers: 1 };
    expect(await ofMapping('command')).toEqual(expected);
  });

  it('that echo has answered costs nothing, and leaves no trace in the totals', async () => {
    expect(await ran('echo', 'this')).toMatchObject(spent(0, 0, 0));
    expect(await ofMapping('echo')).toBeUndefined();
  });

  it('pays for its screening, also where that stops it', async () => {
    expect(await ran('screened', 'a clean value')).toMatchObject(spent(501_000, 50_100, 1.50015));
    expect(await ran('screened', 'obey me')).toMatchObject({ errorCode: 'screened', ...spent(1000, 100, 0.00015) });
    expect(await ofMapping('screened')).toEqual({
      mapping: 'screened',
      runs: 2,
      inputTokens: 502_000,
      outputTokens: 50_200,
      cost: 1.5003,
      unpricedAnswers: 0,
    });
  });

  it('that failed has paid for the answers that it got', async () => {
    const endless = await ran('mail', 'for ever');
    expect(endless).toMatchObject({ errorCode: 'tool-limit', ...spent(2500, 250, 0.0075) });
    expect(await ran('mail', 'is wrong')).toMatchObject({ errorCode: 'provider', ...spent(70, 7, 0.00021) });
    expect(await ran('mail', 'is refused')).toMatchObject({ errorCode: 'refusal', ...spent(40, 4, 0.00012) });
  });

  it('pays for each attempt, the worker’s and those by hand', async () => {
    const before = await ofMapping('mail');
    const { runId } = (await gateway.post('mail', { text: 'breaks' })).body;
    const waiting = await eventually(async () => {
      const { run } = (await gateway.api('GET', `/runs/${runId}`)).body;
      return run.error !== null && run;
    });
    expect(waiting).toMatchObject({ status: 'pending', attempts: 1, ...spent(100, 10, 0.0003) });
    expect(await gateway.ended(runId)).toMatchObject({ status: 'completed', ...spent(500_200, 50_020, 1.5006) });
    const after = await ofMapping('mail');
    expect(after.runs - before.runs).toBe(1);
    expect(after.inputTokens - before.inputTokens).toBe(500_200);
    expect(after.cost - before.cost).toBeCloseTo(1.5006, 9);

    const failed = await ran('mail', 'is wrong');
    await gateway.api('POST', `/runs/${failed.runId}/retry`);
    await eventually(async () => (await ofMapping('mail')).inputTokens - after.inputTokens === 140);
    expect(await gateway.ended(failed.runId)).toMatchObject(spent(140, 14, 0.00042));
    expect((await ofMapping('mail')).runs - after.runs).toBe(1);
  });
});

it('the totals are there by day and mapping, heartbeats among them, and for Prometheus', async () => {
  await gateway.post('wake', { text: 'the bell' });
  await eventually(() => ofMapping('heartbeat'));
  const { days, total, budget } = await costs();
  const [today] = days;
  expect(days).toHaveLength(1);
  expect(today.day).toBe(new Date().toISOString().slice(0, 10));
  expect(today.mappings.map(({ mapping }: { mapping: string }) => mapping).sort()).toEqual([
    'command',
    'heartbeat',
    'mail',
    'screened',
    'unpriced',
  ]);
  const sum = (key: string) =>
    today.mappings.reduce((all: number, one: Record<string, number>) => all + (one[key] ?? 0), 0);
  for (const key of ['runs', 'inputTokens', 'outputTokens', 'unpricedAnswers']) expect(total[key]).toBe(sum(key));
  expect(total.cost).toBeCloseTo(sum('cost'), 9);
  expect(total).toEqual({ ...today, day: undefined, mappings: undefined });
  expect(budget).toEqual({ perRun: null, perDay: null, isDaySpent: false });

  const headers = { Authorization: `Bearer ${gatewayToken}` };
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  expect(metrics).toMatch(/^gimli_tokens_total\{hook="screened",direction="input"\} 502000$/m);
  expect(metrics).toMatch(/^gimli_tokens_total\{hook="screened",direction="output"\} 50200$/m);
  expect(metrics).toMatch(/^gimli_cost_dollars_total\{hook="screened"\} 1\.5003\d*$/m);
  expect(metrics).not.toMatch(/^gimli_cost_dollars_total\{hook="unpriced"/m);
});

it.each(['0', '367', 'x'])('%s days are refused', async (days) => {
  expect(await gateway.api('GET', `/costs?days=${days}`)).toMatchObject({
    status: 400,
    body: { error: 'days must be an integer from 1 to 366' },
  });
});

it('the totals outlive a restart, and a mapping with and without a price shows what is known', async () => {
  const dir = tempDir();
  const before = await startGateway(dir, config);
  atEnd(() => before.stop());
  await ran('unpriced', 'this', before);
  await before.stop();
  const priced = { ...config, agents: { ...config.agents, prices: { 'local/m': { input: 1, output: 0 } } } };
  const after = await startGateway(dir, priced);
  atEnd(() => after.stop());
  expect(await ran('unpriced', 'this', after)).toMatchObject(spent(500_000, 50_000, 0.5));
  expect(await ofMapping('unpriced', after)).toEqual({
    mapping: 'unpriced',
    runs: 2,
    inputTokens: 1_000_000,
    outputTokens: 100_000,
    cost: 0.5,
    unpricedAnswers: 1,
  });
});

it('what a run has spent before its gateway stopped is counted when it goes on', async () => {
  const dir = tempDir();
  const before = await startGateway(dir, config);
  atEnd(() => before.stop());
  const { runId } = (await before.post('mail', { text: 'is cut short' })).body;
  await eventually(() => model.calls.some(({ prompt, results }) => prompt.includes('cut short') && results.length > 0));
  await before.stop();
  held = false;
  const after = await startGateway(dir, config);
  atEnd(() => after.stop());
  expect(await after.ended(runId)).toMatchObject({
    status: 'completed',
    attempts: 1,
    ...spent(500_010, 50_001, 1.50003),
  });
  expect(await ofMapping('mail', after)).toMatchObject({ runs: 1, inputTokens: 500_010, cost: 1.50003 });
});

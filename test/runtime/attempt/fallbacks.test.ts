import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { providerError, startModel, toolCalls } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** The word in a message says which models are down, and what the last of them answers. */
const model = await startModel(({ model, prompt, results }) => {
  if (prompt.includes('tell me') && results.length === 0) return toolCalls(['ping_user', { text: `from ${model}` }]);
  const down = /down for (\S+)/.exec(prompt)?.[1] ?? '';
  if (down.includes(model)) return providerError(503, `no ${model} today`);
  const refusal = model === 'third' ? 'content_filter' : 'refusal';
  if (prompt.includes('too strange')) return { content: 'No.', finishReason: refusal };
  if (prompt.includes('malformed')) return providerError(400, 'malformed');
  if (prompt.includes('wrong for second') && model === 'second') return providerError(400, 'no such field');
  const [, status, words = ''] = /first says (\d+) (.*?) end/.exec(prompt) ?? [];
  if (status !== undefined && model === 'first') return providerError(Number(status), words);
  if (prompt.includes('unheard of')) return { content: 'Yes.', finishReason: 'solar_flare' };
  return `answered by ${model}`;
});
const gateway = await tempGateway({
  hooks: {
    mappings: [
      {
        match: { path: 'telling' },
        tools: ['ping_user'],
        messageTemplate: 'tell me, down for first',
        wakeMode: 'next-heartbeat',
      },
    ],
  },
  agents: {
    defaults: { model: 'anthropic/first', fallbacks: ['broken/m', 'openai/second', 'chat/third'] },
    providers: {
      anthropic: { api: 'anthropic', baseURL: model.url, apiKey: 'k' },
      openai: { api: 'openai', baseURL: `${model.url}/v1`, apiKey: 'k' },
      chat: { api: 'openai-chat', baseURL: `${model.url}/v1` },
      broken: { api: 'openai', baseURL: `${model.url}/v1` },
    },
  },
});
const post = async (message: string, more: object = {}): Promise<string> =>
  (await gateway.post('agent', { message, wakeMode: 'next-heartbeat', ...more })).body.runId;
const run = async (message: string, more: object = {}) => gateway.ended(await post(message, more));
const asked = (word: string) => model.calls.filter(({ prompt }) => prompt.includes(word)).map(({ model }) => model);
const warnings = (runId: string) =>
  gateway.logs
    .filter((line) => line.level === 40 && line.runId === runId && !String(line.msg).startsWith('a reply goes nowhere'))
    .map(({ msg }) => msg);

it('while a provider is down the next model answers, in the same attempt', async () => {
  const ended = await run('down for first');
  const switches = [
    'anthropic/first: HTTP 503 api_error (the provider cannot answer at the moment); broken/m is asked instead',
    'provider "broken" has no API key: set agents.providers.broken.apiKey; openai/second is asked instead',
  ];
  expect(ended).toMatchObject({
    status: 'completed',
    attempts: 1,
    model: 'openai/second',
    outputText: 'answered by second',
    warning: switches.join('; '),
  });
  expect(asked('down for first')).toEqual(['first', 'second']);
  expect(warnings(ended.runId)).toEqual(switches);
});

it('what a model had said before its provider went down is left to the next one', async () => {
  const { body } = await gateway.post('telling', {});
  const ended = await gateway.ended(body.runId ?? body.runIds[0]);
  expect(ended).toMatchObject({ status: 'completed', model: 'openai/second', attempts: 1 });
  expect(asked('tell me')).toEqual(['first', 'first', 'second', 'second']);
  expect(ended.pings).toMatchObject([{ text: 'from second' }]);
});

it('a model that answers has no warning, and no other is asked', async () => {
  expect(await run('all is well')).toMatchObject({ model: 'anthropic/first', warning: null });
  expect(asked('all is well')).toEqual(['first']);
});

it('a model that the run names has the same fallbacks', async () => {
  expect(await run('down for third', { model: 'chat/third' })).toMatchObject({ model: 'openai/second' });
});

it.each([
  [400, 'Your credit balance is too low to access the Anthropic API'],
  [400, 'prompt is too long: 300000 tokens'],
  [401, 'invalid x-api-key'],
  [402, 'Payment required'],
  [403, 'This key may not do that'],
  [404, 'model: first'],
  [413, 'Request too large'],
  [429, 'Slow down'],
  [529, 'Overloaded'],
])('where the provider says %i "%s" another is asked, once', async (status, words) => {
  const prompt = `first says ${status} ${words} end`;
  const ended = await run(prompt);
  expect(ended).toMatchObject({ status: 'completed', attempts: 1, model: 'openai/second' });
  expect(ended.warning).toMatch(new RegExp(`^anthropic/first: HTTP ${status} .*; broken/m is asked instead; `));
  expect(ended.warning).not.toContain(words);
  expect(asked(prompt)).toEqual(['first', 'second']);
});

it('a fallback that calls our request wrong is passed over, as one is that is down', async () => {
  const ended = await run('down for first, wrong for second');
  expect(ended).toMatchObject({ status: 'completed', attempts: 1, model: 'chat/third' });
  expect(asked('wrong for second')).toEqual(['first', 'second', 'third']);
});

it('where the run’s own model is unknown and the others are down it waits for these', async () => {
  const id = await post('first says 404 model: first end, down for second,third');
  const waiting = await eventually(async () => {
    const { run } = (await gateway.get(`runs/${id}`)).body;
    return run.error !== null && run;
  });
  expect(waiting).toMatchObject({ errorCode: 'provider', error: expect.stringContaining('second: HTTP 503') });
});

it('a reply that ended for a reason that nobody knows has a warning', async () => {
  const warning = 'anthropic/first: the model stopped for a reason that is not known (solar_flare)';
  const ended = await run('unheard of');
  expect(ended).toMatchObject({ status: 'completed', outputText: 'Yes.', warning });
  expect(warnings(ended.runId)).toEqual([warning]);
});

it('what is no matter of the provider’s is not put to another model', async () => {
  expect(await run('too strange')).toMatchObject({ status: 'error', errorCode: 'refusal', model: 'anthropic/first' });
  expect(await run('malformed')).toMatchObject({ status: 'error', errorCode: 'provider', model: 'anthropic/first' });
  expect([...asked('too strange'), ...asked('malformed')]).toEqual(['first', 'first']);
});

it('what a fallback decides counts', async () => {
  const ended = await run('down for first,second and too strange');
  expect(ended).toMatchObject({ status: 'error', errorCode: 'refusal', attempts: 1 });
  expect(ended.error).toContain('chat/third: the model refused');
  expect(asked('and too strange')).toEqual(['first', 'second', 'third']);
});

it('where all are down the run waits because of the first', async () => {
  const id = await post('down for first,second,third');
  const waiting = await eventually(async () => {
    const { run } = (await gateway.get(`runs/${id}`)).body;
    return run.status === 'pending' && run.error !== null && run;
  });
  expect(waiting).toMatchObject({
    attempts: 1,
    errorCode: 'provider',
    error: expect.stringContaining('first: HTTP 503'),
  });
  expect(asked('down for first,second,third')).toEqual(['first', 'second', 'third']);
});

it('a session goes on with the words of whoever answered', async () => {
  const sessionKey = 'hook:moving';
  const runs = [
    await run('begin', { sessionKey }),
    await run('go on, down for first', { sessionKey }),
    await run('go on', { sessionKey, model: 'chat/third' }),
    await run('finish', { sessionKey }),
  ];
  const models = ['first', 'second', 'third', 'first'];
  expect(runs.map((one) => one.outputText)).toEqual(models.map((name) => `answered by ${name}`));
  const last = model.calls.findLast(({ prompt }) => prompt.includes('finish'));
  expect(last?.messages).toEqual([...runs.slice(0, 3).flatMap((one) => [one.prompt, one.outputText]), runs[3].prompt]);
});

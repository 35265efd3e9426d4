import { beforeEach, describe, expect, it } from '@jest/globals';
import type { PastTurn, Turn } from '../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../src/agent/anthropic/anthropic.ts';
import type { Tool } from '../../src/agent/tools/tool.ts';
import { modelServer, serve } from './model-server.ts';

const server = await modelServer();

beforeEach(() => {
  measured.length = 0;
});

const model = 'claude-sonnet-5-5';
const ranHere = `anthropic/${model}`;
const measured: unknown[] = [];

const inputSchema = {
  type: 'object' as const,
  properties: { city: { type: 'string', minLength: 1 }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
  additionalProperties: false,
};
const weather: Tool = {
  name: 'weather',
  description: 'Tells the weather.',
  inputSchema,
  async run(input) {
    measured.push(input);
    const { city } = input as { city: string };
    if (city === 'Atlantis') throw new Error('no such city');
    return `3 C in ${city}`;
  },
};

function ask(turn: Partial<Turn> = {}, baseURL = server.url) {
  const agent = createAnthropicAgent({ provider: 'anthropic', baseURL, apiKey: 'sk-test' });
  const signal = new AbortController().signal;
  return agent({ model, prompt: 'Hello', history: [], tools: [weather], signal, ...turn });
}

/** What the model says, one answer after another; the last one for ever. */
function script(...answers: Parameters<typeof server.mock.on>[1][]): void {
  for (const [index, answer] of answers.entries()) {
    server.mock.on(index < answers.length - 1 ? { sequenceIndex: index } : {}, answer);
  }
}
const call = (input: unknown, more: object = {}) => ({
  toolCalls: [{ id: 'toolu_1', name: 'weather', arguments: JSON.stringify(input) }],
  ...more,
});

const said = (text: string) => ({ type: 'text', text });
const thought = { type: 'thinking', thinking: 'hm', signature: 's1' };
const toolUse = (input: unknown, name = 'weather') => ({ type: 'tool_use', id: 'toolu_1', name, input });
const result = (content: string, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: 'toolu_1',
  content,
  ...more,
});
const user = (...content: object[]) => ({ role: 'user', content });
const answered = (...content: object[]) => ({ role: 'assistant', content });
// biome-ignore lint/suspicious/noExplicitAny: what was sent is what the tests are about
const sent = (index: number): any[] => server.requests[index]?.body.messages as any[];

describe('a turn with tools', () => {
  it('tells the model of them, and asks for nothing of the vendor’s own', async () => {
    script({ content: 'Hi' });
    await ask({ thinking: 'low' });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.path).toBe('/v1/messages');
    expect(server.requests[0]?.headers['anthropic-beta']).toBeUndefined();
    expect(server.requests[0]?.body).toEqual({
      model,
      max_tokens: 16_000,
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
      tools: [{ name: 'weather', description: 'Tells the weather.', input_schema: inputSchema }],
      messages: [{ role: 'user', content: 'Hello' }],
    });
  });

  it('goes on until the model has done, and gives all its messages, the usage of all, and the last text', async () => {
    const usage = { input_tokens: 10, output_tokens: 4 };
    script(call({ city: 'Oslo' }, { content: 'Let me see.', reasoning: 'hm', reasoningSignature: 's1', usage }), {
      content: 'It is cold.',
      usage,
    });
    const transcript = [
      answered(thought, said('Let me see.'), toolUse({ city: 'Oslo' })),
      user(result('3 C in Oslo')),
      answered(said('It is cold.')),
    ];
    expect(await ask()).toEqual({
      text: 'It is cold.',
      reply: transcript,
      usage: { inputTokens: 20, outputTokens: 8 },
      model: ranHere,
    });
    expect(sent(1)).toEqual([{ role: 'user', content: 'Hello' }, ...transcript.slice(0, 2)]);
    expect(measured).toEqual([{ city: 'Oslo' }]);
  });

  it('has the text from before the tools where the model has nothing to add', async () => {
    script(call({ city: 'Oslo' }, { content: 'I will look.' }), { content: '' });
    expect(await ask()).toMatchObject({ text: 'I will look.' });
  });

  const mistakes: [string, unknown, string, string, number][] = [
    ['an input without what it needs', { days: 1 }, 'weather', 'Error: city: missing; expected a non-empty string', 0],
    [
      'an input that is wrong in several ways',
      { city: 7, days: 0, unit: 'F' },
      'weather',
      'Error: unit: unknown key; expected one of city, days; city: expected a non-empty string, found 7; days: expected an integer of at least 1, found 0',
      0,
    ],
    ['what the tool itself says no to', { city: 'Atlantis' }, 'weather', 'Error: no such city', 1],
    ['a tool that is not there', { city: 'Oslo' }, 'tides', 'Error: there is no tool "tides"', 0],
  ];
  it.each(mistakes)('tells the model about %s, and goes on', async (_, input, name, message, runs) => {
    script({ toolCalls: [{ id: 'toolu_1', name, arguments: JSON.stringify(input) }] }, { content: 'Oh.' });
    expect(await ask()).toMatchObject({ text: 'Oh.' });
    expect(sent(1).slice(1)).toEqual([answered(toolUse(input, name)), user(result(message, { is_error: true }))]);
    expect(measured).toHaveLength(runs);
  });

  it('is given up where the model calls tools for ever', async () => {
    script(call({ city: 'Oslo' }));
    await expect(ask()).rejects.toMatchObject({
      name: 'TurnError',
      code: 'tool-limit',
      mayPassByItself: false,
      message: `${ranHere}: the model still called tools after 25 rounds`,
    });
    expect(server.requests).toHaveLength(25);
  });

  it('may use every round there is', async () => {
    script(...Array.from({ length: 24 }, () => call({ city: 'Oslo' })), { content: 'Done.' });
    expect(await ask()).toMatchObject({ text: 'Done.' });
    expect(measured).toHaveLength(24);
  });

  const unfinished: [string, string][] = [
    ['refusal', 'refusal'],
    ['max_tokens', 'truncated'],
    ['model_context_window_exceeded', 'truncated'],
    ['pause_turn', 'truncated'],
  ];
  it.each(unfinished)('that ends with %s after a tool is an error with the code %s', async (finishReason, code) => {
    script(call({ city: 'Oslo' }), { content: 'Hm', finishReason });
    await expect(ask()).rejects.toMatchObject({ name: 'TurnError', code, mayPassByItself: false });
    expect(server.requests).toHaveLength(2);
  });

  it('that the provider fails in the middle of can be tried again', async () => {
    script(call({ city: 'Oslo' }), { error: { type: 'overloaded_error', message: 'Overloaded' }, status: 529 });
    await expect(ask()).rejects.toMatchObject({ name: 'TurnError', code: 'provider', mayPassByItself: true });
    expect(server.requests).toHaveLength(2);
  });

  const noEffort = { error: { type: 'invalid_request_error', message: 'effort: not supported' }, status: 400 };
  it('is made once more without thinking where the server refuses that', async () => {
    script(noEffort, call({ city: 'Oslo' }), { content: 'Cold.' });
    expect(await ask({ thinking: 'high' })).toMatchObject({ text: 'Cold.' });
    expect(server.requests.map(({ body }) => 'thinking' in body)).toEqual([true, false, false]);
  });

  it('is not made once more when its tools have run', async () => {
    script(call({ city: 'Oslo' }), noEffort);
    await expect(ask({ thinking: 'high' })).rejects.toMatchObject({ code: 'provider', mayPassByItself: false });
    expect(measured).toHaveLength(1);
  });

  it('answered with a page instead of a message names the likely reason', async () => {
    const strange = await serve((_, response) => response.end('<html>'));
    try {
      await expect(ask({}, strange.url)).rejects.toMatchObject({
        name: 'TurnError',
        code: 'provider',
        mayPassByItself: false,
        message: expect.stringContaining("check the provider's baseURL"),
      });
    } finally {
      await strange.stop();
    }
  });

  it('ends with the reason of its signal when that aborts while a tool runs', async () => {
    script(call({ city: 'Oslo' }), { content: 'Too late.' });
    const reason = new Error('time is up');
    const controller = new AbortController();
    const slow: Tool = {
      ...weather,
      async run(_, signal) {
        controller.abort(reason);
        return signal?.aborted ? 'told' : 'not told';
      },
    };
    await expect(ask({ tools: [slow], signal: controller.signal })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a past turn with tools', () => {
  const transcript = [
    answered(thought, said('Let me see.'), toolUse({ city: 'Oslo' })),
    user(result('3 C in Oslo')),
    answered(thought, said('Cold.')),
  ];
  const past: PastTurn = { prompt: 'a', reply: transcript, model: ranHere, outputText: 'Cold.' };
  const plain: PastTurn = {
    prompt: 'b',
    reply: [answered(thought, said('c'))],
    model: ranHere,
    outputText: 'c',
  };
  const withoutThinking = [
    answered(said('Let me see.'), toolUse({ city: 'Oslo' })),
    user(result('3 C in Oslo')),
    answered(said('Cold.')),
  ];
  const asText = [{ role: 'assistant', content: 'Cold.' }];
  const cases: [string, Partial<PastTurn>, Partial<Turn>, object[], object[]][] = [
    ['is replayed word for word', {}, {}, transcript, plain.reply as object[]],
    [
      'loses its thinking and nothing else before another model',
      { model: 'anthropic/claude-haiku-5-5' },
      {},
      withoutThinking,
      plain.reply as object[],
    ],
    ['is plain text before another provider', { model: 'work/x' }, {}, asText, plain.reply as object[]],
    [
      'is plain text in a turn without tools, where later thinking goes with what it was bound to',
      {},
      { tools: [] },
      asText,
      [answered(said('c'))],
    ],
    [
      'has no empty message where the model had nothing to add',
      { reply: [...transcript.slice(0, 2), answered()] },
      {},
      [...transcript.slice(0, 2), { role: 'assistant', content: '(no reply)' }],
      plain.reply as object[],
    ],
  ];
  it.each(cases)('%s', async (_, change, turn, messages, later) => {
    script({ content: 'Hi' });
    await ask({ history: [{ ...past, ...change }, plain], ...turn });
    expect(sent(0)).toEqual([
      { role: 'user', content: 'a' },
      ...messages,
      { role: 'user', content: 'b' },
      ...later,
      { role: 'user', content: 'Hello' },
    ]);
  });

  it('becomes text where it is too long, and the others lose their thinking but no call or result', async () => {
    script({ content: 'Hi' });
    const long = { ...past, reply: [...transcript.slice(0, 1), user(result('x'.repeat(60_000))), answered(said('y'))] };
    await ask({ history: [long, long, past] });
    const kept = [answered(said('Let me see.'), toolUse({ city: 'Oslo' })), user(result('x'.repeat(60_000)))];
    const unmarked = JSON.parse(JSON.stringify(sent(0)), (key, value) => (key === 'cache_control' ? undefined : value));
    expect(unmarked).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: past.outputText },
      { role: 'user', content: 'a' },
      ...kept,
      answered(said('y')),
      { role: 'user', content: 'a' },
      ...withoutThinking,
      { role: 'user', content: 'Hello' },
    ]);
  });
});

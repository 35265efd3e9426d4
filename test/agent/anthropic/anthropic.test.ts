import { describe, expect, it } from '@jest/globals';
import type { PastTurn, Turn } from '../../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../../src/agent/anthropic/anthropic.ts';
import type { Thinking } from '../../../src/domain/action.ts';
import { modelServer } from '../model-server.ts';

const server = await modelServer();

const model = 'claude-sonnet-5-5';
const ranHere = `anthropic/${model}`;

function ask(turn: Partial<Turn> = {}) {
  const agent = createAnthropicAgent({ provider: 'anthropic', baseURL: server.url, apiKey: 'sk-test' });
  return agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal, ...turn });
}

describe('a request', () => {
  it('carries the model, the limit and the messages, the key as bearer, and nothing else', async () => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask();
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request?.path).toBe('/v1/messages');
    expect(request?.headers.authorization).toBe('Bearer sk-test');
    expect(request?.body).toEqual({ model, max_tokens: 16_000, messages: [{ role: 'user', content: 'Hello' }] });
  });

  const adaptive = (effort: string) => ({ thinking: { type: 'adaptive' }, output_config: { effort } });
  const budget = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
  const disabled = { thinking: { type: 'disabled' } };
  const leastEffort = { output_config: { effort: 'low' } };
  const cases: [string, Thinking | undefined, object][] = [
    ['claude-sonnet-5-5', undefined, {}],
    ['claude-sonnet-5-5', 'minimal', adaptive('low')],
    ['claude-sonnet-5-5', 'low', adaptive('low')],
    ['claude-sonnet-5-5', 'medium', adaptive('medium')],
    ['claude-sonnet-5-5', 'high', adaptive('high')],
    ['claude-sonnet-5-5', 'max', adaptive('max')],
    ['claude-sonnet-5-5', 'off', { thinking: { type: 'between_tools' } }],
    ['claude-opus-5-5', 'high', adaptive('high')],
    ['claude-opus-5-5', 'off', leastEffort],
    ['claude-fable-5-2', 'off', leastEffort],
    ['claude-mythos-preview', 'off', leastEffort],
    ['claude-haiku-5-5', 'off', disabled],
    ['claude-sonnet-5', 'off', disabled],
    ['claude-opus-5', 'max', adaptive('max')],
    ['claude-opus-4-6', 'medium', adaptive('medium')],
    ['claude-opus-4-8-20260401', 'off', disabled],
    ['claude-haiku-4-5-20251001', 'low', budget(2048)],
    ['claude-opus-4-5', 'medium', budget(8192)],
    ['claude-sonnet-4-20250514', 'high', { ...budget(16_384), max_tokens: 20_480 }],
    ['claude-3-7-sonnet-20250219', 'max', { ...budget(16_384), max_tokens: 20_480 }],
    ['claude-3-5-haiku-20241022', 'off', disabled],
    ['claude-sonnet-50', 'high', {}],
    ['anthropic/claude-sonnet-5-5', 'high', {}],
    ['qwen3:8b', 'off', {}],
  ];
  it.each(cases)('asks %s with thinking %s for %j', async (id, thinking, expected) => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask({ model: id, thinking });
    const { messages: _, ...parameters } = server.requests[0]?.body ?? {};
    expect(parameters).toEqual({ model: id, max_tokens: 16_000, ...expected });
  });

  it('is made once more without thinking, effort and thinking blocks where the server refuses them', async () => {
    const refusal = {
      error: { type: 'invalid_request_error', message: 'effort: not supported by this model' },
      status: 400,
    };
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, refusal);
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: 'Hi' });
    const history = [
      {
        prompt: 'a',
        reply: [answered(thought, said('b'))],
        model: ranHere,
        outputText: 'b',
      },
    ];
    expect(await ask({ thinking: 'high', history })).toMatchObject({ text: 'Hi' });
    expect(server.requests[1]?.body).toEqual({
      model,
      max_tokens: 16_000,
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [said('b')] },
        { role: 'user', content: 'Hello' },
      ],
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a structured answer', () => {
  const format = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
  const asked = { format: { type: 'json_schema', schema: format } };

  it('is asked for by its schema, beside the effort where there is one', async () => {
    server.mock.onMessage('Hello', { content: '{"ok":true}' });
    expect(await ask({ system: 'Judge.', format })).toMatchObject({ text: '{"ok":true}' });
    await ask({ format, thinking: 'low' });
    const [plain, thinking] = server.requests.map(({ body }) => body);
    expect(plain).toEqual({
      model,
      max_tokens: 16_000,
      system: 'Judge.',
      messages: [{ role: 'user', content: 'Hello' }],
      output_config: asked,
    });
    expect(thinking).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low', ...asked } });
    expect(thinking).not.toHaveProperty('system');
  });

  it('is still asked for where the server refuses the effort beside it', async () => {
    const refusal = { error: { type: 'invalid_request_error', message: 'output_config.effort: no' }, status: 400 };
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, refusal);
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: '{"ok":true}' });
    await ask({ system: 'Judge.', format, thinking: 'low' });
    expect(server.requests[1]?.body).toMatchObject({ system: 'Judge.', output_config: asked });
    expect(server.requests[1]?.body.output_config).toEqual(asked);
    expect(server.requests[1]?.body).not.toHaveProperty('thinking');
  });
});

const said = (text: string) => ({ type: 'text', text });
const answered = (...content: object[]) => ({ role: 'assistant', content });
const thought = { type: 'thinking', thinking: 'hm', signature: 's1' };
const redacted = { type: 'redacted_thinking', data: 'xx' };

describe('the history', () => {
  const past = (more: Partial<PastTurn>): PastTurn => ({
    prompt: 'a',
    reply: [answered(thought, redacted, said('b'))],
    model: ranHere,
    outputText: 'b',
    ...more,
  });
  const cases: [string, Partial<PastTurn>, unknown][] = [
    ['is replayed word for word to the model that made it', {}, [thought, redacted, said('b')]],
    ['loses its thinking before another model', { model: 'anthropic/claude-haiku-5-5' }, [said('b')]],
    ['is plain text before another provider', { model: 'work/claude-sonnet-5-5' }, 'b'],
    ['never has an empty message where the reply was empty', { reply: [], outputText: '' }, '(no reply)'],
    [
      'never has an empty message where only thinking was',
      { reply: [answered(thought)], outputText: '', model: 'anthropic/x' },
      '(no reply)',
    ],
  ];
  it.each(cases)('%s', async (_, turn, expected) => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask({ history: [past(turn)] });
    expect(server.requests[0]?.body.messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: expected },
      { role: 'user', content: 'Hello' },
    ]);
  });

  it('beyond 100,000 characters has the older turns shortened to text, and no thinking any more', async () => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    const history = ['1', '2', '3', '4'].map((digit) => past({ prompt: digit.repeat(30_000) }));
    await ask({ history });
    const messages = server.requests[0]?.body.messages as { content: unknown }[];
    expect(messages.map(({ content }) => (typeof content === 'string' ? content.slice(0, 5) : content))).toEqual([
      '11111',
      'b',
      '22222',
      'b',
      '33333',
      [said('b')],
      '44444',
      [{ ...said('b'), cache_control: { type: 'ephemeral' } }],
      'Hello',
    ]);
  });
});

describe('a reply', () => {
  it('has its text picked by type and its blocks kept as they came', async () => {
    server.mock.onMessage('Hello', {
      content: 'Hi',
      reasoning: 'hm',
      reasoningSignature: 's1',
      usage: { input_tokens: 12, output_tokens: 5 },
    });
    expect(await ask()).toEqual({
      text: 'Hi',
      reply: [answered(thought, said('Hi'))],
      usage: { inputTokens: 12, outputTokens: 5 },
      model: ranHere,
    });
  });

  const unfinished: [string, string, RegExp][] = [
    ['refusal', 'refusal', /the model refused/],
    ['max_tokens', 'truncated', /the reply was cut off \(max_tokens\)/],
    ['model_context_window_exceeded', 'truncated', /cut off/],
    ['pause_turn', 'truncated', /cut off/],
  ];
  it.each(unfinished)('that stopped for %s is an error with the code %s', async (finishReason, code, message) => {
    server.mock.onMessage('Hello', { content: 'Hm', finishReason });
    await expect(ask()).rejects.toMatchObject({
      name: 'TurnError',
      code,
      mayPassByItself: false,
      message: expect.stringMatching(message),
    });
  });
});

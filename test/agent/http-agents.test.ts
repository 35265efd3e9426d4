import type http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Agent, PastTurn, Reply, Turn } from '../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../src/agent/anthropic/anthropic.ts';
import type { HttpProvider } from '../../src/agent/http/http-agent.ts';
import { createOpenAIChatAgent } from '../../src/agent/openai/chat.ts';
import { createOpenAIAgent } from '../../src/agent/openai/openai.ts';
import type { Tool } from '../../src/agent/tools/tool.ts';
import { modelServer, serve } from './model-server.ts';

interface Api {
  readonly create: (options: HttpProvider) => Agent;
  /** what stands between the address and the path of the API */
  readonly base: '' | '/v1';
  readonly path: string;
  readonly model: string;
  /** the messages of a request */
  messagesOf(body: Record<string, unknown>): unknown[];
  /** how a request asks for a form of the answer */
  formatOf(body: Record<string, unknown>): unknown;
  readonly format: object;
  /** an answer in its own words */
  readonly refusal: object;
  readonly cutOff: object;
}

const schema = {
  type: 'object',
  properties: { ok: { type: 'boolean' } },
  required: ['ok'],
  additionalProperties: false,
};

const apis: readonly [string, Api][] = [
  [
    'anthropic',
    {
      create: createAnthropicAgent,
      base: '',
      path: '/v1/messages',
      model: 'claude-haiku-5-5',
      messagesOf: (body) => body.messages as unknown[],
      formatOf: (body) => (body.output_config as { format?: unknown })?.format,
      format: { type: 'json_schema', schema },
      refusal: { role: 'assistant', content: [], stop_reason: 'refusal', stop_details: { explanation: 'no way' } },
      cutOff: { role: 'assistant', content: [{ type: 'text', text: 'Hm' }], stop_reason: 'max_tokens' },
    },
  ],
  [
    'openai',
    {
      create: createOpenAIAgent,
      base: '/v1',
      path: '/v1/responses',
      model: 'gpt-6.1-sol',
      messagesOf: (body) => body.input as unknown[],
      formatOf: (body) => (body.text as { format?: unknown })?.format,
      format: { type: 'json_schema', name: 'answer', schema, strict: true },
      refusal: {
        output: [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'no way' }] }],
      },
      cutOff: { status: 'incomplete', incomplete_details: { reason: 'max_tokens' }, output: [] },
    },
  ],
  [
    'openai-chat',
    {
      create: createOpenAIChatAgent,
      base: '/v1',
      path: '/v1/chat/completions',
      model: 'qwen3-coder',
      messagesOf: (body) => body.messages as unknown[],
      formatOf: (body) => body.response_format,
      format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      refusal: {
        choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: null, refusal: 'no way' } }],
      },
      cutOff: { choices: [{ finish_reason: 'length', message: { role: 'assistant', content: 'Hm' } }] },
    },
  ],
];

const server = await modelServer();

const temperature: Tool = {
  name: 'temperature',
  description: 'Tells the temperature of a city in °C.',
  inputSchema: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  } as Tool['inputSchema'],
  run: async (input) => {
    const { city } = input as { city: string };
    if (city === 'Atlantis') throw new Error('Atlantis is not on the map');
    return `3 °C in ${city}`;
  },
};

describe.each(apis)('an agent of the api %s', (provider, api) => {
  const { create, base, path, model, messagesOf, formatOf } = api;
  const ranOn = `${provider}/${model}`;

  function ask(turn: Partial<Turn> = {}, url = server.url): Promise<Reply> {
    const agent = create({ provider, baseURL: url + base, apiKey: 'sk-test' });
    return agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal, ...turn });
  }
  const bodies = () => server.requests.map(({ body }) => body);
  /** A turn as the store gives it back. */
  const stored = (prompt: string, { reply, model, text }: Reply): PastTurn =>
    JSON.parse(JSON.stringify({ prompt, reply, model, outputText: text }));

  describe('in a conversation', () => {
    it('sends to its own address, with the key as bearer', async () => {
      server.mock.onMessage('Hello', { content: 'Hi' });
      await ask();
      expect(server.requests.map((request) => [request.path, request.headers.authorization])).toEqual([
        [path, 'Bearer sk-test'],
      ]);
    });

    it('replays what it said, word for word, before the next prompt', async () => {
      server.mock.onMessage('I am Ada', { content: 'Hello, Ada' });
      server.mock.onMessage('Who am I?', (request) => ({ content: `${request.messages.length} messages: Ada` }));
      const first = await ask({ prompt: 'I am Ada' });
      const second = await ask({ prompt: 'Who am I?', history: [stored('I am Ada', first)] });
      expect(second).toMatchObject({ text: '3 messages: Ada', model: ranOn });
      expect(messagesOf(bodies()[1] ?? {})).toEqual([
        { role: 'user', content: 'I am Ada' },
        ...first.reply,
        { role: 'user', content: 'Who am I?' },
      ]);
    });

    it.each([
      ['another provider', { model: 'elsewhere/m', reply: [{ its: 'own form' }] }],
      ['this provider when it had another api', { model: ranOn, reply: ['a line'] }],
      ['no message at all', { model: ranOn, reply: [] }],
    ])('shows a turn of %s as plain text', async (_, past) => {
      server.mock.onMessage('Hello', { content: 'Hi' });
      await ask({
        history: [
          { prompt: 'a', outputText: 'b', ...past },
          { prompt: 'c', outputText: ' ', ...past },
        ],
      });
      expect(messagesOf(bodies()[0] ?? {})).toEqual([
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: '(no reply)' },
        { role: 'user', content: 'Hello' },
      ]);
    });

    it('never sends an empty message of its own back', async () => {
      server.mock.onMessage('Hello', { content: '' });
      const history = [stored('Hello', await ask())];
      await ask({ history });
      expect(JSON.stringify(messagesOf(bodies()[1] ?? {}))).toContain('(no reply)');
    });

    it('has the older of its long turns shortened beyond 100,000 characters', async () => {
      server.mock.onMessage('Hello', { content: 'Hi' });
      const reply = await ask();
      const history = ['1', '2', '3', '4'].map((digit) => stored(digit.repeat(30_000), reply));
      await ask({ history });
      const prompts = messagesOf(bodies()[1] ?? {}).filter((message) => (message as { role?: string }).role === 'user');
      const texts = prompts.map((message) => (message as { content: string }).content);
      expect(texts.join('').length).toBeLessThan(100_000);
      expect(texts.map((text) => text.includes('left out'))).toEqual([true, true, false, false, false]);
      expect(texts.map((text) => text.slice(0, 5))).toEqual(['11111', '22222', '33333', '44444', 'Hello']);
    });
  });

  describe('with tools', () => {
    const call = (args: string, name = 'temperature') => ({ toolCalls: [{ name, arguments: args, id: 'call_1' }] });
    const withResult = { userMessage: 'How cold', hasToolResult: true };
    const without = { userMessage: 'How cold', hasToolResult: false };
    const question = { prompt: 'How cold is it?', tools: [temperature] };

    it('runs what the model calls, and answers with what it says then', async () => {
      server.mock.on(without, { ...call('{"city":"Oslo"}'), usage: usage(10, 2) });
      server.mock.on(withResult, (request) => ({
        content: `It is ${request.messages.at(-1)?.content}`,
        usage: usage(20, 5),
      }));
      const reply = await ask(question);
      expect(reply).toMatchObject({ text: 'It is 3 °C in Oslo', usage: { inputTokens: 30, outputTokens: 7 } });
      expect(bodies()).toHaveLength(2);
      const sent = messagesOf(bodies()[1] ?? {});
      expect(sent).toEqual([{ role: 'user', content: question.prompt }, ...reply.reply.slice(0, sent.length - 1)]);
      expect(JSON.stringify(sent.at(-1))).toContain('3 °C in Oslo');
    });

    it('shows the calls and their results again in the next turn, and as text to one without tools', async () => {
      server.mock.on(without, call('{"city":"Oslo"}'));
      server.mock.on(withResult, { content: 'Cold' });
      server.mock.onMessage('And now?', { content: 'Colder' });
      const first = await ask(question);
      const history = [stored(question.prompt, first)];
      await ask({ prompt: 'And now?', history, tools: [temperature] });
      await ask({ prompt: 'And now?', history });
      const [before, after] = [
        { role: 'user', content: 'How cold is it?' },
        { role: 'user', content: 'And now?' },
      ];
      expect(bodies().slice(2).map(messagesOf)).toEqual([
        [before, ...first.reply, after],
        [before, { role: 'assistant', content: 'Cold' }, after],
      ]);
    });

    it.each([
      ['an input that does not fit', '{"town":"Oslo"}', 'temperature', /missing/],
      ['no JSON', '{"city":', 'temperature', /JSON|missing/],
      ['a tool that fails', '{"city":"Atlantis"}', 'temperature', /Atlantis is not on the map/],
      ['a tool that there is not', '{}', 'humidity', /humidity/],
    ])('tells the model of %s', async (_, args, name, message) => {
      server.mock.on(without, call(args, name));
      server.mock.on(withResult, { content: 'I see' });
      expect(await ask(question)).toMatchObject({ text: 'I see' });
      expect(JSON.stringify(messagesOf(bodies()[1] ?? {}).at(-1))).toMatch(message);
    });

    it('says something in place of a reply without text where the api wants some', async () => {
      server.mock.on(without, call('{"city":"Oslo"}'));
      server.mock.on(withResult, { content: '' });
      server.mock.onMessage('And now?', { content: 'Colder' });
      const history = [stored(question.prompt, await ask(question))];
      await ask({ prompt: 'And now?', history, tools: [temperature] });
      const said = provider === 'openai' ? { type: 'message' } : { content: '(no reply)' };
      expect(messagesOf(bodies()[2] ?? {}).at(-2)).toMatchObject({ role: 'assistant', ...said });
    });

    it('gives up a model that calls for ever', async () => {
      server.mock.onMessage('How cold', call('{"city":"Oslo"}'));
      await expect(ask(question)).rejects.toMatchObject({
        name: 'TurnError',
        code: 'tool-limit',
        mayPassByItself: false,
      });
      expect(bodies()).toHaveLength(25);
    });

    it('leaves a tool when the signal aborts, with the signal’s reason', async () => {
      server.mock.onMessage('How cold', call('{"city":"Oslo"}'));
      const reason = new Error('time is up');
      const controller = new AbortController();
      const run: Tool['run'] = (_, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
          controller.abort(reason);
        });
      const pending = ask({ ...question, tools: [{ ...temperature, run }], signal: controller.signal });
      await expect(pending).rejects.toBe(reason);
      expect(bodies()).toHaveLength(1);
    });

    it('does not begin anew, and so runs no tool twice, when a later request is refused', async () => {
      server.mock.on(without, call('{"city":"Oslo"}'));
      server.mock.on(withResult, { error: { type: 'invalid_request_error', message: 'reasoning: bad' }, status: 400 });
      let runs = 0;
      const run: Tool['run'] = async () => {
        runs += 1;
        return 'cold';
      };
      const asking = ask({ ...question, tools: [{ ...temperature, run }], thinking: 'low' });
      await expect(asking).rejects.toMatchObject({ code: 'provider', mayPassByItself: false });
      expect(runs).toBe(1);
    });
  });

  describe('asked for a form of the answer', () => {
    it('names the schema', async () => {
      server.mock.onMessage('Hello', { content: '{"ok":true}' });
      expect(await ask({ format: schema })).toMatchObject({ text: '{"ok":true}' });
      expect(formatOf(bodies()[0] ?? {})).toEqual(api.format);
    });

    it('goes without where the server knows of no such thing', async () => {
      const message = 'response_format / output_config / text.format: not supported';
      server.mock.on(
        { userMessage: 'Hello', sequenceIndex: 0 },
        { error: { type: 'invalid_request_error', message }, status: 400 },
      );
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: '{"ok":true}' });
      expect(await ask({ format: schema })).toMatchObject({ text: '{"ok":true}' });
      expect(bodies().map(formatOf)).toEqual([api.format, undefined]);
    });
  });

  describe('that the provider does not serve', () => {
    const error = (status: number, message: string) => ({ error: { type: 'some_error', message }, status });
    it.each([
      [500, 'Oops', { code: 'provider', mayPassByItself: true }],
      [503, 'Down', { code: 'provider', mayPassByItself: true }],
      [529, 'Overloaded', { code: 'provider', mayPassByItself: true }],
      [429, 'Slow down', { code: 'provider', mayPassByItself: true, retryAfterMs: 1000 }],
      [400, 'messages: bad', { code: 'provider', mayPassByItself: false }],
      [401, 'invalid key', { code: 'provider', mayPassByItself: false }],
      [404, 'no such model', { code: 'model', mayPassByItself: false }],
      [413, 'too large', { code: 'truncated', mayPassByItself: false }],
      [400, 'prompt is too long: 300000 tokens > 200000', { code: 'truncated', mayPassByItself: false }],
      [400, "This model's maximum context length is 8192 tokens", { code: 'truncated', mayPassByItself: false }],
      [400, 'Your input exceeds the context window of this model', { code: 'truncated', mayPassByItself: false }],
    ])('answers %i "%s" with %j, after one request', async (status, message, expected) => {
      server.mock.onMessage('Hello', error(status, message));
      await expect(ask()).rejects.toMatchObject({
        name: 'TurnError',
        ...expected,
        message: expect.stringContaining(`${ranOn}: HTTP ${status}`),
        said: message,
      });
      expect(bodies()).toHaveLength(1);
    });

    it.each([429, 503, 529])('is served when asked again after a %i', async (status) => {
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, error(status, 'Later'));
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: 'Hi' });
      await expect(ask()).rejects.toMatchObject({ mayPassByItself: true });
      expect(await ask()).toMatchObject({ text: 'Hi' });
    });

    it('says how long the provider wants us to wait', async () => {
      server.mock.onMessage('Hello', { ...error(429, 'Slow down'), retryAfter: 3600 });
      await expect(ask()).rejects.toMatchObject({ mayPassByItself: true, retryAfterMs: 3_600_000 });
    });

    it('can be asked again after a lost connection', async () => {
      server.mock.onMessage('Hello', { content: 'Hi' }, { chaos: { disconnectRate: 1 } });
      await expect(ask()).rejects.toMatchObject({ name: 'TurnError', code: 'provider', mayPassByItself: true });
    });

    it('names what it was told about the address, in words that fit the api', async () => {
      server.mock.onMessage('Hello', error(404, 'nothing here'));
      const hint = base === '' ? 'baseURL without /v1?' : 'baseURL with /v1?';
      await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining(hint) });
    });
  });

  describe('with a server that misbehaves', () => {
    let strange: Awaited<ReturnType<typeof serve>> | undefined;
    afterEach(() => strange?.stop());
    const from = async (handler: http.RequestListener, turn: Partial<Turn> = {}) => {
      strange = await serve(handler);
      return ask(turn, strange.url);
    };
    const json = { 'content-type': 'application/json' };
    const answers = (body: object) => (_: unknown, res: http.ServerResponse) =>
      void res.writeHead(200, json).end(JSON.stringify(body));
    const tomorrow = () => new Date(Date.now() + 86_400_000).toUTCString();
    const noMessage = { mayPassByItself: false, message: /check the provider's baseURL/ };

    const cases: [string, http.RequestListener, object][] = [
      ['a page instead of an answer', (_, res) => res.end('<html>'), noMessage],
      ['JSON that is no answer', answers({ hello: 'world' }), noMessage],
      ['null', (_, res) => res.writeHead(200, json).end('null'), noMessage],
      [
        'a page as its error',
        (_, res) => res.writeHead(502).end('<h1>Bad\ngateway</h1>'),
        { mayPassByItself: true, message: /HTTP 502 \(/, said: '<h1>Bad\ngateway</h1>' },
      ],
      [
        'an answer cut in the middle',
        (_, res) => res.writeHead(200, json).write('{"content":[', () => res.destroy()),
        { mayPassByItself: true },
      ],
      [
        'retry-after-ms',
        (_, res) => res.writeHead(503, { 'retry-after-ms': '250' }).end(),
        { mayPassByItself: true, retryAfterMs: 250 },
      ],
      [
        'a date in retry-after',
        (_, res) => res.writeHead(503, { 'retry-after': tomorrow() }).end(),
        { mayPassByItself: true, retryAfterMs: /^8\d{7}$/ },
      ],
      [
        'nonsense in retry-after',
        (_, res) => res.writeHead(503, { 'retry-after': 'soon' }).end(),
        { mayPassByItself: true, retryAfterMs: 0 },
      ],
    ];
    const withAndWithoutTools = cases.flatMap(
      ([name, handler, expected]): [string, http.RequestListener, object, Tool[]][] => [
        [name, handler, expected, []],
        [`${name}, asked with tools`, handler, expected, [temperature]],
      ],
    );
    it.each(withAndWithoutTools)('gives a readable error for %s', async (_, handler, expected, tools) => {
      const error = await from(handler, { tools }).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: 'TurnError', code: 'provider' });
      for (const [field, value] of Object.entries(expected)) {
        if (value instanceof RegExp) expect(String(error[field])).toMatch(value);
        else expect(error[field]).toBe(value);
      }
    });

    it.each([
      ['refused', api.refusal, { code: 'refusal', message: /: the model refused$/, said: 'no way' }],
      ['was cut off', api.cutOff, { code: 'truncated', message: /the reply was cut off \(\w+\)/, said: undefined }],
    ])('has an error of its own for a model that %s', async (_, body, { code, message, said }) => {
      await expect(from(answers(body))).rejects.toMatchObject({
        name: 'TurnError',
        code,
        mayPassByItself: false,
        message: expect.stringMatching(message),
        said,
      });
    });

    it('hangs up when the signal aborts, and rejects with the signal’s reason', async () => {
      const reason = new Error('time is up');
      const controller = new AbortController();
      const hungUp = Promise.withResolvers<void>();
      const pending = from(
        (request) => {
          request.socket.once('close', () => hungUp.resolve());
          controller.abort(reason);
        },
        { signal: controller.signal },
      );
      await expect(pending).rejects.toBe(reason);
      await hungUp.promise;
    });

    it('names the reason where there is no server', async () => {
      const gone = await serve(() => {});
      await gone.stop();
      await expect(ask({}, gone.url)).rejects.toMatchObject({
        mayPassByItself: true,
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });

    it('does not ask again a model that does not begin to answer for longer than fetch waits', async () => {
      const original = globalThis.fetch;
      globalThis.fetch = () =>
        Promise.reject(new TypeError('fetch failed', { cause: { code: 'UND_ERR_HEADERS_TIMEOUT' } }));
      try {
        await expect(ask()).rejects.toMatchObject({ name: 'TurnError', code: 'timeout', mayPassByItself: false });
      } finally {
        globalThis.fetch = original;
      }
    });
  });

  describe('with an API key', () => {
    const keys: [string | undefined, RegExp][] = [
      [undefined, /^provider "work" has no API key: set agents\.providers\.work\.apiKey$/],
      ['', /has no API key/],
      ['sk-sécret\n', /^the API key of provider "work" holds characters that no key has/],
    ];
    it.each(keys)('like %j fails the turn, not the start, and does not quote it', async (apiKey, message) => {
      const agent = create({ provider: 'work', baseURL: server.url + base, apiKey });
      const turn = agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal });
      await expect(turn).rejects.toMatchObject({
        name: 'TurnError',
        mayPassByItself: false,
        message: expect.stringMatching(message),
      });
      expect(server.requests).toEqual([]);
    });
  });
});

/** In the words of all APIs. */
const usage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  prompt_tokens: input,
  completion_tokens: output,
});

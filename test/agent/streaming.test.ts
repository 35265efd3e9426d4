import type http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Turn } from '../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../src/agent/anthropic/anthropic.ts';
import { createOpenAIChatAgent } from '../../src/agent/openai/chat.ts';
import { createOpenAIAgent } from '../../src/agent/openai/openai.ts';
import type { Tool } from '../../src/agent/tools/tool.ts';
import { TurnError } from '../../src/domain/errors.ts';
import type { Usage } from '../../src/domain/run.ts';
import { modelServer, serve } from './model-server.ts';
import {
  type Api,
  apis,
  blockDelta,
  blockStart,
  blockStop,
  chunk,
  end,
  response,
  saying,
  start,
  stopped,
  textDelta,
} from './streamed-answers.ts';

const server = await modelServer();
let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

const sse = { 'content-type': 'text/event-stream' };
const line = (event: object) => {
  const { type } = event as { type?: string };
  return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`;
};
const streams = (events: readonly object[]) => (_: unknown, res: http.ServerResponse) =>
  void res.writeHead(200, sse).end(events.map(line).join(''));
const answers = (body: object) => (_: unknown, res: http.ServerResponse) =>
  void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe.each(apis)('an agent of the api %s, where somebody listens', (provider, api) => {
  const { create, base, model } = api;
  const ranOn = `${provider}/${model}`;

  async function ask(turn: Partial<Turn> = {}, url = server.url) {
    const agent = create({ provider, baseURL: url + base, apiKey: 'sk-test' });
    return agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal, ...turn });
  }
  async function from(handler: http.RequestListener, turn: Partial<Turn> = {}) {
    strange = await serve(handler);
    return ask(turn, strange.url);
  }
  /** What a listener has heard. */
  function listener() {
    const pieces: string[] = [];
    const usages: Usage[] = [];
    return {
      pieces,
      usages,
      onText: (piece: string) => void pieces.push(piece),
      onUsage: (usage: Usage) => void usages.push(usage),
    };
  }
  const deaf = { onText: () => {} };

  describe('asks', () => {
    it('for a stream then, and else for the whole answer', async () => {
      server.mock.onMessage('Hello', { content: 'Hi' });
      await ask(deaf);
      await ask();
      const [streamed, whole] = server.requests.map(({ body }) => body);
      expect(streamed).toEqual({ ...whole, ...api.asksFor });
      expect(Object.keys(whole ?? {}).filter((key) => key.startsWith('stream'))).toEqual([]);
    });

    it('for the whole answer where the server streams nothing, and tells of it at once', async () => {
      const error = {
        type: 'invalid_request_error',
        message: 'Your organization must be verified to stream this model.',
      };
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, { error, status: 400 });
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: 'Hi' });
      const { pieces, onText } = listener();
      expect(await ask({ onText })).toMatchObject({ text: 'Hi' });
      expect(server.requests.map(({ body }) => body.stream)).toEqual([true, undefined]);
      expect(pieces).toEqual(['Hi']);
    });

    it.each(['stream_options is not permitted', 'Unrecognized request argument supplied: include_usage'])(
      'without what the server does not know, and then without more: %s',
      async (message) => {
        const no = (message: string) => ({ error: { type: 'invalid_request_error', message }, status: 422 });
        server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, no(message));
        server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, no('json_schema: no'));
        server.mock.on({ userMessage: 'Hello', sequenceIndex: 2 }, { content: '{}' });
        expect(await ask({ ...deaf, format: { type: 'object' } })).toMatchObject({ text: '{}' });
        expect(server.requests.map(({ body }) => [body.stream, body.stream_options])).toEqual([
          [true, (api.asksFor as { stream_options?: object }).stream_options],
          [true, undefined],
          [true, undefined],
        ]);
      },
    );
  });

  describe('gets an answer', () => {
    it('in pieces that make up the same reply as the whole', async () => {
      const heard = listener();
      const streamed = await from(streams(api.hello.events), heard);
      await strange?.stop();
      const whole = await from(answers(api.hello.whole));
      expect(heard.pieces).toEqual(['Hel', 'lo']);
      expect(streamed).toEqual(whole);
      expect(streamed).toMatchObject({ text: 'Hello', usage: { inputTokens: 7, outputTokens: 3 }, model: ranOn });
      expect(heard.usages).toEqual([{ inputTokens: 7, outputTokens: 3 }]);
    });

    it('from a model server in pieces', async () => {
      server.mock.onMessage('Hello', { content: 'Grüße 👋 aus Oslo, where it is cold.' }, { chunkSize: 5 });
      const { pieces, onText } = listener();
      const { text } = await ask({ onText });
      expect(pieces.length).toBeGreaterThan(3);
      expect(pieces.join('')).toBe(text);
      expect(text).toBe('Grüße 👋 aus Oslo, where it is cold.');
    });

    it('as a whole from a server that does not know how to stream', async () => {
      const heard = listener();
      expect(await from(answers(api.hello.whole), heard)).toMatchObject({ text: 'Hello' });
      expect(heard).toMatchObject({ pieces: ['Hello'], usages: [{ inputTokens: 7, outputTokens: 3 }] });
    });

    it.each([
      ['refused', 'refusal', { code: 'refusal', message: /the model refused$/ }],
      ['was cut off', 'cutOff', { code: 'truncated', message: /the reply was cut off \(\w+\)/ }],
    ] as const)(
      'that %s: as an error of its own, after its price, streamed or not',
      async (_, kind, { code, message }) => {
        const { whole, events } = api[kind];
        for (const [handler, onText] of [
          [streams(events), () => {}],
          [answers(whole), undefined],
        ] as const) {
          const { usages, onUsage } = listener();
          await expect(from(handler, { onText, onUsage })).rejects.toMatchObject({
            name: 'TurnError',
            code,
            mayPassByItself: false,
            message: expect.stringMatching(message),
          });
          expect(usages).toEqual([{ inputTokens: 7, outputTokens: 3 }]);
          await strange?.stop();
        }
      },
    );
  });

  describe('with tools', () => {
    const order: string[] = [];
    const weather: Tool = {
      name: 'weather',
      description: 'Tells the weather.',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } } } as Tool['inputSchema'],
      run: async (input) => {
        order.push('tool');
        return `3 °C in ${(input as { city: string }).city}`;
      },
    };
    const question = { prompt: 'How cold is it?', tools: [weather] };
    const tokens = (input: number, output: number) => ({
      input_tokens: input,
      output_tokens: output,
      prompt_tokens: input,
      completion_tokens: output,
    });
    function script() {
      order.length = 0;
      server.mock.on(
        { userMessage: 'How cold', hasToolResult: false },
        {
          content: 'Let me see. ',
          toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}', id: 'call_1' }],
          usage: tokens(10, 2),
        },
        { chunkSize: 4 },
      );
      server.mock.on(
        { userMessage: 'How cold', hasToolResult: true },
        (request) => ({ content: `It is ${request.messages.at(-1)?.content}`, usage: tokens(20, 5) }),
        { chunkSize: 4 },
      );
    }
    // The double gives every message an id, and a secret, of its own.
    const bare = (reply: readonly unknown[]) =>
      JSON.parse(
        JSON.stringify(reply, (key, value) => (['id', 'encrypted_content'].includes(key) ? undefined : value)),
      );

    it('calls them, and has the same reply and hears of the same tokens, in the same order, as without a stream', async () => {
      script();
      const { pieces, onText } = listener();
      const onUsage = ({ inputTokens, outputTokens }: Usage) => void order.push(`${inputTokens}/${outputTokens}`);
      const streamed = await ask({ ...question, onText, onUsage });
      expect(pieces.join('')).toBe('Let me see. It is 3 °C in Oslo');
      expect(streamed).toMatchObject({ text: 'It is 3 °C in Oslo', usage: { inputTokens: 30, outputTokens: 7 } });
      expect(order).toEqual(['10/2', 'tool', '20/5']);
      order.length = 0;
      const whole = await ask({ ...question, onUsage });
      expect(bare(streamed.reply)).toEqual(bare(whole.reply));
      expect(order).toEqual(['10/2', 'tool', '20/5']);
    });

    it.each([
      ['streamed', () => {}],
      ['whole', undefined],
    ])('ends with the error of who hears of the tokens, before its tools run, %s', async (_, onText) => {
      script();
      const error = new TurnError('provider', 'enough for today');
      const onUsage = () => {
        throw error;
      };
      await expect(ask({ ...question, onText, onUsage })).rejects.toBe(error);
      expect(order).toEqual([]);
      expect(server.requests).toHaveLength(1);
    });

    it('gives up a model that calls for ever', async () => {
      server.mock.onMessage('How cold', { toolCalls: [{ name: 'weather', arguments: '{}', id: 'call_1' }] });
      await expect(ask({ ...question, ...deaf })).rejects.toMatchObject({ code: 'tool-limit', mayPassByItself: false });
      expect(server.requests).toHaveLength(25);
    });
  });

  describe('meets a server that fails', () => {
    it.each([429, 529])('with %i, and is served when it asks again', async (status) => {
      const error = { type: 'some_error', message: 'Later' };
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, { error, status, retryAfter: 60 });
      server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: 'Hi' });
      const { pieces, onText } = listener();
      await expect(ask({ onText })).rejects.toMatchObject({
        name: 'TurnError',
        code: 'provider',
        mayPassByItself: true,
        message: expect.stringContaining(`${ranOn}: HTTP ${status} `),
        said: 'Later',
        ...(status === 429 && { retryAfterMs: 60_000 }),
      });
      expect(await ask({ onText })).toMatchObject({ text: 'Hi' });
      expect(pieces).toEqual(['Hi']);
    });

    it.each([
      [401, { code: 'provider', mayPassByItself: false }],
      [404, { code: 'model', mayPassByItself: false }],
      [413, { code: 'truncated', mayPassByItself: false }],
    ])('with %i as it does without a stream', async (status, expected) => {
      server.mock.onMessage('Hello', { error: { type: 'some_error', message: 'No' }, status });
      await expect(ask(deaf)).rejects.toMatchObject(expected);
    });

    it('by cutting the connection, which can be tried again', async () => {
      server.mock.onMessage('Hello', { content: 'It is cold in Oslo.' }, { chunkSize: 4, truncateAfterChunks: 4 });
      await expect(ask(deaf)).rejects.toMatchObject({ name: 'TurnError', code: 'provider', mayPassByItself: true });
    });

    it('by ending before its answer is complete, wherever that is, which is never a reply', async () => {
      for (const length of api.hello.events.keys()) {
        const cut = from(streams(api.hello.events.slice(0, length)), deaf);
        await expect(cut).rejects.toMatchObject({
          code: 'provider',
          mayPassByItself: true,
          message: `${ranOn}: the answer broke off before its end`,
        });
        await strange?.stop();
      }
    });

    it('by saying so in the midst of its answer', async () => {
      const begun = api.hello.events.slice(0, -2);
      await expect(from(streams([...begun, api.overloaded]), deaf)).rejects.toMatchObject({
        name: 'TurnError',
        code: 'provider',
        mayPassByItself: true,
        message: expect.stringContaining(`${ranOn}: the answer broke off`),
        said: 'Overloaded',
      });
      await strange?.stop();
      await expect(from(streams([...begun, api.invalid]), deaf)).rejects.toMatchObject({
        name: 'TurnError',
        code: 'provider',
        mayPassByItself: false,
        message: expect.stringContaining(`${ranOn}: the answer broke off`),
        said: 'messages: bad',
      });
    });

    it.each([
      ['a page', (_, res) => res.end('<html>')],
      ['JSON that is no answer', answers({ hello: 'world' })],
      ['null', (_, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('null')],
    ] as [string, http.RequestListener][])('with %s in place of an answer', async (_, handler) => {
      const { usages, ...turn } = listener();
      await expect(from(handler, turn)).rejects.toMatchObject({
        code: 'provider',
        mayPassByItself: false,
        message: expect.stringContaining("check the provider's baseURL"),
      });
      expect(usages).toEqual([]);
    });

    it.each([
      ['events that nobody knows', streams([{ type: 'odd' }, { type: 'message_start' }, { type: 'message_stop' }])],
      ['events that are none', (_, res) => res.writeHead(200, sse).end('event: message_stop\ndata: null\n\n')],
      ['half an event', (_, res) => res.writeHead(200, sse).end('event: message_start\ndata: {"type":"mess\n\n')],
    ] as [string, http.RequestListener][])('with %s', async (_, handler) => {
      await expect(from(handler, deaf)).rejects.toMatchObject({
        name: 'TurnError',
        code: 'provider',
        mayPassByItself: true,
      });
    });
  });

  it('hangs up in the midst of an answer when the signal aborts, and rejects with its reason', async () => {
    const reason = new Error('time is up');
    const controller = new AbortController();
    const hungUp = Promise.withResolvers<void>();
    const pending = from(
      (request, res) => {
        request.socket.once('close', () => hungUp.resolve());
        res.writeHead(200, sse).write(api.hello.events.slice(0, -2).map(line).join(''));
      },
      { onText: () => controller.abort(reason), signal: controller.signal },
    );
    await expect(pending).rejects.toBe(reason);
    await hungUp.promise;
  });
});

describe('a stream', () => {
  const ask = (create: Api['create'], url: string, turn: Partial<Turn>) =>
    create({ provider: 'p', baseURL: url, apiKey: 'k' })({
      model: 'm',
      prompt: 'Hello',
      history: [],
      tools: [],
      signal: new AbortController().signal,
      ...turn,
    });

  it('that is cut off in the midst of a tool’s input says so, whatever that looks like', async () => {
    strange = await serve(
      streams([
        start,
        blockStart(0, { type: 'tool_use', id: 't', name: 'look', input: {} }),
        blockDelta(0, { type: 'input_json_delta', partial_json: '{"pa' }),
        blockStop(0),
        ...end({ stop_reason: 'max_tokens' }),
      ]),
    );
    await expect(ask(createAnthropicAgent, strange.url, { onText: () => {} })).rejects.toMatchObject({
      code: 'truncated',
    });
  });

  it('with an input that is no JSON is gone on with, and the model told', async () => {
    const asked: string[] = [];
    strange = await serve(async (request, res) => {
      let body = '';
      for await (const piece of request) body += piece;
      asked.push(body);
      const called = [
        start,
        blockStart(0, { type: 'tool_use', id: 't', name: 'look', input: {} }),
        blockDelta(0, { type: 'input_json_delta', partial_json: '{"pa' }),
        blockDelta(0, { type: 'input_json_delta', partial_json: 'th":' }),
        blockStop(0),
        ...end({ stop_reason: 'tool_use' }),
      ];
      streams(asked.length === 1 ? called : stopped({ stop_reason: 'end_turn' }).events)(request, res);
    });
    const inputSchema = { type: 'object', additionalProperties: false } as Tool['inputSchema'];
    const tool: Tool = { name: 'look', description: 'Looks.', inputSchema, run: async () => 'Seen' };
    const { text, reply } = await ask(createAnthropicAgent, strange.url, { tools: [tool], onText: () => {} });
    expect(text).toBe('Hm');
    expect(JSON.parse(asked[1] ?? '').messages.slice(1)).toEqual(reply.slice(0, 2));
    expect(reply.slice(0, 2)).toEqual([
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 't', name: 'look', input: { INVALID_JSON: '{"path":' } }],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't', content: expect.stringContaining('INVALID_JSON'), is_error: true },
        ],
      },
    ]);
  });

  it.each([
    ['with the same index, but each its id', [0, 0]],
    ['with no index at all', [undefined, undefined]],
    ['as the vendor does', [0, 1]],
  ])('of chat completions may have several calls in it, %s', async (_, [first, second]) => {
    const part = (index: number | undefined, id: string | undefined, name: string | undefined, args: string) =>
      chunk({ tool_calls: [{ index, id, function: { name, arguments: args } }] });
    let rounds = 0;
    strange = await serve((request, res) => {
      rounds += 1;
      const calls = [
        part(first, 'a', 'look', '{"n'),
        part(first, undefined, undefined, '":1}'),
        part(second, 'b', 'look', ''),
        part(second, 'b', undefined, '{"n":2}'),
        chunk({}, 'tool_calls'),
      ];
      streams(rounds === 1 ? calls : [chunk({ content: 'Done' }, 'stop')])(request, res);
    });
    const inputs: unknown[] = [];
    const run: Tool['run'] = async (input) => String(inputs.push(input));
    const tool: Tool = { name: 'look', description: 'Looks.', inputSchema: { type: 'object' }, checksInput: true, run };
    const { text, reply } = await ask(createOpenAIChatAgent, strange.url, { tools: [tool], onText: () => {} });
    expect(text).toBe('Done');
    expect(inputs).toEqual([{ n: 1 }, { n: 2 }]);
    expect(reply[0]).toEqual({
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'look', arguments: '{"n":1}' } },
        { id: 'b', type: 'function', function: { name: 'look', arguments: '{"n":2}' } },
      ],
    });
  });

  it('of responses tells what the reply will say, without what is said on the way', async () => {
    const added = (output_index: number, phase: string) => ({
      type: 'response.output_item.added',
      output_index,
      item: saying('', { phase, content: [] }),
    });
    const whole = response({
      output: [
        saying('Let me see.', { phase: 'commentary' }),
        saying('It is so.', { phase: 'final_answer' }),
        saying('Indeed.', { phase: 'final_answer' }),
      ],
    });
    strange = await serve(
      streams([
        added(0, 'commentary'),
        textDelta('Let me see.', 0),
        added(1, 'final_answer'),
        textDelta('It is ', 1),
        textDelta('so.', 1),
        added(2, 'final_answer'),
        textDelta('Indeed.', 2),
        { type: 'response.completed', response: whole },
      ]),
    );
    const pieces: string[] = [];
    const { text } = await ask(createOpenAIAgent, strange.url, { onText: (piece) => void pieces.push(piece) });
    expect(text).toBe('It is so.\n\nIndeed.');
    expect(pieces).toEqual(['It is ', 'so.', '\n\n', 'Indeed.']);
  });
});

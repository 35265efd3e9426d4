import type http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Reply, Turn } from '../../src/agent/agent.ts';
import type { Tool } from '../../src/agent/tools/tool.ts';
import { gateOf } from './gate-of.ts';
import { serve } from './model-server.ts';
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
} from './streamed-answers.ts';

let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

const apiOf = (name: string) => apis.find(([one]) => one === name)?.[1] as Api;
const json =
  (body: unknown): http.RequestListener =>
  (_, res) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const sse = { 'content-type': 'text/event-stream' };
const stream =
  (events: readonly object[], line: (event: object) => string = data): http.RequestListener =>
  (_, res) =>
    res.writeHead(200, sse).end(events.map(line).join(''));
const data = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

/** Answers each request with the next handler, and keeps what was asked. */
async function from(api: Api, handlers: readonly http.RequestListener[], turn: Partial<Turn> = {}) {
  const asked: string[] = [];
  strange = await serve(async (request, res) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push(body);
    handlers[asked.length - 1]?.(request, res);
  });
  const agent = api.create({ provider: 'p', baseURL: strange.url + api.base, apiKey: 'k' });
  const signal = new AbortController().signal;
  const reply: Promise<Reply> = agent({ model: 'm', prompt: 'Hello', history: [], tools: [], signal, ...turn });
  return { reply: await reply.finally(strange.stop), asked: asked.map((body) => JSON.parse(body)) };
}

const message = (content: unknown) => ({ type: 'message', role: 'assistant', content, stop_reason: 'end_turn' });
const choice = (message: unknown, finish_reason = 'stop') => ({ choices: [{ index: 0, finish_reason, message }] });
const streamed = (...deltas: object[]) => [...deltas.map((delta) => chunk(delta)), chunk({}, 'stop')];

describe('the text', () => {
  it.each<[string, unknown]>([
    ['anthropic', message('Hello')],
    ['anthropic', message(['Hel', { type: 'text', text: 'lo' }])],
    [
      'anthropic',
      message([
        { type: 'text', text: null },
        { type: 'odd', text: 'x' },
        { type: 'text', text: 'Hello' },
      ]),
    ],
    ['openai-chat', choice({ content: 'Hello' })],
    [
      'openai-chat',
      choice({
        content: [
          { type: 'text', text: 'Hel' },
          { type: 'text', text: 'lo' },
        ],
      }),
    ],
    [
      'openai-chat',
      choice({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }, { text: 'Hello' }] }),
    ],
    ['openai-chat', choice({ content: ['Hel', 'lo'] })],
    ['openai-chat', choice({ content: { type: 'text', text: 'Hello' } })],
    ['openai', response({ output: [saying('', { content: 'Hello' })] })],
    ['openai', response({ output: [saying('', { content: [{ type: 'text', text: 'Hello' }] })] })],
    ['openai', response({ output: [{ type: 'odd' }, saying('Hello')] })],
  ])('of the api %s is read from %j', async (name, body) => {
    const api = apiOf(name);
    const { reply } = await from(api, [json(body)]);
    expect(reply.text).toBe('Hello');
    // And it can be sent back.
    const past = JSON.parse(JSON.stringify({ prompt: 'a', reply: reply.reply, model: 'p/m', outputText: reply.text }));
    const { asked } = await from(api, [json(body)], { history: [past] });
    expect(JSON.stringify(asked[0])).toContain('Hel');
    expect(JSON.stringify(asked[0])).not.toContain('[object');
  });

  it.each<[string, readonly object[]]>([
    [
      'openai-chat',
      streamed({ content: [{ type: 'text', text: 'Hel' }] }, { content: [{ type: 'text', text: 'lo' }] }),
    ],
    [
      'openai-chat',
      streamed({ content: null }, { content: [{ type: 'reasoning', text: 'hm' }] }, { content: 'Hello' }),
    ],
    ['openai-chat', [{ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] }]],
    [
      'anthropic',
      [start, blockStart(0, { type: 'text', text: 'Hello' }), blockStop(0), ...end({ stop_reason: 'end_turn' })],
    ],
    ['anthropic', [start, blockDelta(0, { type: 'text_delta', text: 'Hello' }), ...end({ stop_reason: 'end_turn' })]],
    [
      'anthropic',
      [
        start,
        blockStart(0, { type: 'text', text: null }),
        blockDelta(0, { type: 'text_delta', text: 'Hello' }),
        blockDelta(0, { type: 'odd_delta', x: 1 }),
        ...end({ stop_reason: 'end_turn' }),
      ],
    ],
    [
      'openai',
      [
        { type: 'response.output_item.done', output_index: 0, item: saying('Hello') },
        { type: 'response.completed', response: response({}) },
      ],
    ],
  ])('of a stream of the api %s is read from %j', async (name, events) => {
    const pieces: string[] = [];
    const { reply } = await from(apiOf(name), [stream(events)], { onText: (piece) => void pieces.push(piece) });
    expect(reply.text).toBe('Hello');
    expect(pieces.join('')).toBe('Hello');
  });

  it.each<[string, string, unknown]>([
    ['choices[0].message.content', 'openai-chat', choice({ content: 7 })],
    ['choices[0].message.content[1]', 'openai-chat', choice({ content: ['a', 7] })],
    ['choices[0].message.content[0].text', 'openai-chat', choice({ content: [{ type: 'text', text: {} }] })],
    ['choices[0].message', 'openai-chat', choice('Hello')],
    ['choices[0].message.tool_calls', 'openai-chat', choice({ tool_calls: 'x' })],
    ['choices[0].message.tool_calls[0].function', 'openai-chat', choice({ tool_calls: [{ id: 'a' }] })],
    ['choices[0].message.tool_calls[0].function.name', 'openai-chat', choice({ tool_calls: [{ function: {} }] })],
    [
      'choices[0].message.tool_calls[0].function.arguments',
      'openai-chat',
      choice({ tool_calls: [{ function: { name: 'look', arguments: [1] } }] }),
    ],
    ['content', 'anthropic', message(7)],
    ['content[0]', 'anthropic', message([7])],
    ['content[0].type', 'anthropic', message([{ text: 'Hello' }])],
    ['content[0].text', 'anthropic', message([{ type: 'text', text: [] }])],
    ['content[0].name', 'anthropic', message([{ type: 'tool_use', id: 'a', input: {} }])],
    ['content[0].input', 'anthropic', message([{ type: 'tool_use', id: 'a', name: 'look', input: 7 }])],
    ['output', 'openai', response({ output: 'Hello' })],
    ['output[0]', 'openai', response({ output: ['Hello'] })],
    ['output[0].content', 'openai', response({ output: [saying('', { content: 7 })] })],
    ['output[0].name', 'openai', response({ output: [{ type: 'function_call', arguments: '{}' }] })],
  ])(
    'whose field %s the api %s does not have like that is an error that names it, once: %j',
    async (field, name, body) => {
      let requests = 0;
      const counted: http.RequestListener = (request, res) => {
        requests += 1;
        json(body)(request, res);
      };
      const thrown = await from(apiOf(name), [counted, counted]).catch((error) => error);
      expect(thrown).toMatchObject({
        name: 'TurnError',
        code: 'provider',
        trouble: 'shape',
        gate: undefined,
        mayPassByItself: false,
      });
      expect(thrown.message).toContain(`p/m: the answer cannot be read: its field ${field} is `);
      expect(requests).toBe(1);
    },
  );

  it.each<[string, readonly object[]]>([
    ['openai-chat', streamed({ content: 7 })],
    ['openai-chat', streamed({ tool_calls: { a: 1 } })],
    ['openai-chat', [{ choices: [{ delta: 'Hello' }] }]],
    ['anthropic', [start, { type: 'content_block_start', index: 0 }]],
    ['anthropic', [start, blockDelta(0, { type: 'text_delta', text: 7 }), ...end({ stop_reason: 'end_turn' })]],
    ['openai', [{ type: 'response.output_text.delta', output_index: 0, delta: { a: 1 } }]],
  ])('of a stream of the api %s that cannot be read is one too: %j', async (name, events) => {
    const answer = from(apiOf(name), [stream(events)], { onText: () => {} });
    await expect(answer).rejects.toMatchObject({ trouble: 'shape', gate: undefined, mayPassByItself: false });
  });
});

describe('a call of a tool', () => {
  const called = (call: object) => choice({ content: null, tool_calls: [call] }, 'tool_calls');
  const use = (block: object) => ({
    ...message([{ type: 'tool_use', name: 'look', ...block }]),
    stop_reason: 'tool_use',
  });
  const item = (more: object) => response({ output: [{ type: 'function_call', name: 'look', ...more }] });
  const done: Readonly<Record<string, unknown>> = {
    'openai-chat': choice({ content: 'Done' }),
    anthropic: message('Done'),
    openai: response({ output: [saying('Done')] }),
  };
  const inputs: unknown[] = [];
  const run: Tool['run'] = async (input) => String(inputs.push(input));
  const tools: Tool[] = [
    { name: 'look', description: 'Looks.', inputSchema: { type: 'object' }, checksInput: true, run },
  ];
  afterEach(() => void inputs.splice(0));

  it.each<[string, http.RequestListener]>([
    ['openai-chat', json(called({ id: 'a', type: 'function', function: { name: 'look', arguments: { n: 1 } } }))],
    ['openai-chat', json(called({ function: { name: 'look', arguments: '{"n":1}' } }))],
    ['openai-chat', json(called({ id: '', type: null, function: { name: 'look', arguments: { n: 1 } } }))],
    [
      'openai-chat',
      json(choice({ content: null, function_call: { name: 'look', arguments: '{"n":1}' } }, 'function_call')),
    ],
    ['openai-chat', stream(streamed({ tool_calls: [{ index: 0, function: { name: 'look', arguments: { n: 1 } } }] }))],
    ['anthropic', json(use({ id: 'a', input: '{"n":1}' }))],
    ['anthropic', json(use({ input: { n: 1 } }))],
    [
      'anthropic',
      stream([
        start,
        blockStart(0, { type: 'tool_use', name: 'look', input: { n: 1 } }),
        ...end({ stop_reason: 'tool_use' }),
      ]),
    ],
    [
      'anthropic',
      stream([
        start,
        blockStart(0, { type: 'tool_use', name: 'look' }),
        blockDelta(0, { type: 'input_json_delta', partial_json: { n: 1 } }),
        ...end({ stop_reason: 'tool_use' }),
      ]),
    ],
    ['openai', json(item({ call_id: 'a', arguments: { n: 1 } }))],
    ['openai', json(item({ arguments: '{"n":1}' }))],
  ])('of the api %s is made whatever form it has, and its result goes back under its id', async (name, first) => {
    const { reply, asked } = await from(apiOf(name), [first, json(done[name])], { tools });
    expect(inputs).toEqual([{ n: 1 }]);
    expect(reply.text).toBe('Done');
    const sent = JSON.stringify(asked[1].messages ?? asked[1].input);
    const [, id] = /"(?:tool_call_id|tool_use_id)":"(\w+)"/.exec(sent) ?? /"call_id":"(\w+)","output"/.exec(sent) ?? [];
    expect(id).toMatch(/^(a|call_\w{32})$/);
    expect(sent.split(`"${id}"`)).toHaveLength(3);
    if (name !== 'anthropic') expect(sent).toContain('"arguments":"{\\"n\\":1}"');
  });

  it.each(['openai-chat', 'openai'])('of the api %s may have its input as JSON within JSON', async (name) => {
    const json2 = JSON.stringify('{"n":1}');
    const first =
      name === 'openai' ? item({ arguments: json2 }) : called({ function: { name: 'look', arguments: json2 } });
    await from(apiOf(name), [json(first), json(done[name])], { tools });
    expect(inputs).toEqual([{ n: 1 }]);
  });

  it('of chat completions may come whole beside others, with no index and no id', async () => {
    const whole = (n: number) => ({ tool_calls: [{ function: { name: 'look', arguments: { n } } }] });
    const { reply } = await from(
      apiOf('openai-chat'),
      [stream(streamed(whole(1), whole(2))), json(done['openai-chat'])],
      { tools },
    );
    expect(inputs).toEqual([{ n: 1 }, { n: 2 }]);
    expect(reply.text).toBe('Done');
  });

  it.each(['openai-chat', 'openai'])('of the api %s without arguments is one with none', async (name) => {
    const first = name === 'openai' ? item({}) : called({ function: { name: 'look' } });
    await from(apiOf(name), [json(first), json(done[name])], { tools });
    expect(inputs).toEqual([{}]);
  });
});

describe.each(apis)('a stream of the api %s', (_, api) => {
  const named = (event: object) => {
    const { type, ...rest } = event as { type?: string };
    return type === undefined ? data(event) : `event: ${type}\ndata: ${JSON.stringify(rest)}\n\n`;
  };
  const crlf = (event: object) => data(event).replaceAll('\n', '\r\n');
  const dense = (event: object) => `:\n\ndata:${JSON.stringify(event)}\nid: 7\n\n`;

  it.each([
    ['data lines only', data],
    ['the type in the event line only', named],
    ['CR and LF', crlf],
    ['comments, ids and no blanks', dense],
  ])('is read where it has %s', async (_, line) => {
    const pieces: string[] = [];
    const onText = (piece: string) => void pieces.push(piece);
    const { reply } = await from(api, [stream(api.hello.events, line)], { onText });
    expect(reply).toMatchObject({ text: 'Hello', usage: { inputTokens: 7, outputTokens: 3 } });
    expect(reply).not.toHaveProperty('warning');
    expect(pieces).toEqual(['Hel', 'lo']);
  });

  it.each<[string, http.OutgoingHttpHeaders, string]>([
    ['under another type of content', { 'content-type': 'text/plain' }, '\n'],
    ['under none', {}, ''],
    ['with [DONE] at its end, and nothing after its last line', sse, '\ndata: [DONE]'],
  ])('is read where it comes %s', async (_, headers, tail) => {
    const text = api.hello.events.map(data).join('').trimEnd();
    const handler: http.RequestListener = (_, res) => res.writeHead(200, headers).end(`${text}\n${tail}`);
    expect((await from(api, [handler], { onText: () => {} })).reply.text).toBe('Hello');
  });

  it('is read where nobody has asked for it, byte by byte', async () => {
    const bytes = Buffer.from(
      api.hello.events
        .map(data)
        .join('')
        .replaceAll('Hello', 'Grüße')
        .replaceAll('"Hel"', '"Grü"')
        .replaceAll('"lo"', '"ße"'),
    );
    const handler: http.RequestListener = async (_, res) => {
      res.writeHead(200, sse);
      for (const byte of bytes) await new Promise<void>((resolve) => res.write(Buffer.from([byte]), () => resolve()));
      res.end();
    };
    expect((await from(api, [handler])).reply.text).toBe('Grüße');
  });

  it.each<[string, string, object]>([
    [
      'words',
      'event: error\ndata: Overloaded\n\n',
      { trouble: 'outage', message: expect.stringMatching(/^p\/m: the answer broke off\b/), said: 'Overloaded' },
    ],
    ['an error', 'event: error\ndata: {"message":"slow down","type":"rate_limit_error"}\n\n', { trouble: 'rate' }],
    [
      'its type',
      `data: ${JSON.stringify({ type: 'error', error: { type: 'authentication_error' } })}\n\n`,
      { trouble: 'key' },
    ],
  ])('ends with the error of its kind where that is told in %s', async (_, text, expected) => {
    const handler: http.RequestListener = (_, res) => res.writeHead(200, sse).end(text);
    await expect(from(api, [handler], { onText: () => {} })).rejects.toMatchObject({
      ...expected,
      gate: gateOf((expected as { trouble: string }).trouble),
    });
  });
});

it('what OpenRouter says within a choice is the error of its status', async () => {
  const error = { code: 429, message: 'Provider is busy' };
  const whole = { choices: [{ error, finish_reason: 'error', message: { content: 'Half a' } }] };
  await expect(from(apiOf('openai-chat'), [json(whole)])).rejects.toMatchObject({ trouble: 'rate', gate: 'p' });
  const events = [chunk({ content: 'Half a' }), { choices: [{ error, delta: {}, finish_reason: 'error' }] }];
  const streamedError = from(apiOf('openai-chat'), [stream(events)], { onText: () => {} });
  await expect(streamedError).rejects.toMatchObject({ trouble: 'rate', gate: 'p' });
});

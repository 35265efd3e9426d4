import { afterEach, describe, expect, it } from '@jest/globals';
import type { PastTurn, Turn } from '../../../src/agent/agent.ts';
import { createOpenAIAgent } from '../../../src/agent/openai/openai.ts';
import type { Tool } from '../../../src/agent/tools/tool.ts';
import type { Thinking } from '../../../src/domain/action.ts';
import { modelServer, serve } from '../model-server.ts';

const server = await modelServer();
let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

const model = 'gpt-6.1-sol';
const ranHere = `openai/${model}`;

function ask(turn: Partial<Turn> = {}, url = server.url) {
  const agent = createOpenAIAgent({ provider: 'openai', baseURL: `${url}/v1`, apiKey: 'sk-test' });
  return agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal, ...turn });
}
/** The reply to an answer of the server's in just these words. */
async function replyTo(answer: object) {
  strange = await serve((_, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return ask({}, strange.url);
}

const user = (content: string) => ({ role: 'user', content });
const alone = {
  model,
  max_output_tokens: 32_000,
  store: false,
  include: ['reasoning.encrypted_content'],
  input: [user('Hello')],
};

describe('a request', () => {
  it('carries the model, the limit and the input, and leaves nothing on the server', async () => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask();
    expect(server.requests.map(({ body }) => body)).toEqual([alone]);
  });

  it('names no organisation or project, whatever the environment says', async () => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    const before = process.env;
    process.env = { ...before, OPENAI_ORG_ID: 'org-1', OPENAI_PROJECT_ID: 'p-1' };
    try {
      await ask();
    } finally {
      process.env = before;
    }
    expect(Object.keys(server.requests[0]?.headers ?? {}).filter((name) => name.startsWith('openai'))).toEqual([]);
  });

  const efforts: [Thinking, string][] = [
    ['off', 'none'],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['max', 'max'],
  ];
  it.each(efforts)('asks with thinking %s for the effort %s', async (thinking, effort) => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask({ thinking });
    expect(server.requests[0]?.body).toEqual({ ...alone, reasoning: { effort } });
  });

  it('carries our own words, the tools and the form of the answer', async () => {
    server.mock.onMessage('Hello', { content: '{}' });
    const inputSchema: Tool['inputSchema'] = { type: 'object' };
    const tool: Tool = { name: 'look', description: 'Looks.', inputSchema, run: async () => '' };
    await ask({ system: 'Be brief.', tools: [tool], format: { type: 'object' } });
    expect(server.requests[0]?.body).toEqual({
      ...alone,
      instructions: 'Be brief.',
      tools: [{ type: 'function', name: 'look', description: 'Looks.', parameters: inputSchema, strict: false }],
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true } },
    });
  });

  it.each([
    "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    "Unsupported value: 'max' is not supported with this model. Supported values are: 'low' and 'high' (reasoning.effort).",
    'Encrypted content is not supported with this model.',
  ])('is made once more without all of reasoning for %j', async (message) => {
    const refusal = { error: { type: 'invalid_request_error', message }, status: 400 };
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 0 }, refusal);
    server.mock.on({ userMessage: 'Hello', sequenceIndex: 1 }, { content: 'Hi' });
    const history = [{ prompt: 'a', reply: [thought, said('b')], model: ranHere, outputText: 'b' }];
    expect(await ask({ thinking: 'max', history })).toMatchObject({ text: 'Hi' });
    const { include: _, ...rest } = alone;
    const { id: __, ...unbound } = said('b');
    expect(server.requests.map(({ body }) => body)).toEqual([
      { ...alone, reasoning: { effort: 'max' }, input: [user('a'), thought, said('b'), user('Hello')] },
      { ...rest, input: [user('a'), unbound, user('Hello')] },
    ]);
  });

  it('that is refused again is an error', async () => {
    server.mock.onMessage('Hello', { error: { type: 'x', message: 'reasoning: no' }, status: 400 });
    await expect(ask({ thinking: 'low' })).rejects.toMatchObject({ code: 'provider', mayPassByItself: false });
    expect(server.requests).toHaveLength(2);
  });
});

const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'xyz' };
const said = (text: string) => ({
  type: 'message',
  id: 'msg_1',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
});

describe('the history', () => {
  const past = (more: Partial<PastTurn> = {}): PastTurn => ({
    prompt: 'a',
    reply: [thought, said('b')],
    model: ranHere,
    outputText: 'b',
    ...more,
  });
  const { id: _, ...unbound } = said('b');
  const sent = async (...history: PastTurn[]) => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask({ history });
    return server.requests[0]?.body.input;
  };

  it('has the reasoning for the model that reasoned', async () => {
    expect(await sent(past())).toEqual([user('a'), thought, said('b'), user('Hello')]);
  });

  it('has no reasoning for another model, nor ids that refer to it', async () => {
    expect(await sent(past({ model: 'openai/gpt-6-luna' }))).toEqual([user('a'), unbound, user('Hello')]);
  });

  it('has no reasoning once it was cut, nor ids that refer to it', async () => {
    const long = past({ prompt: 'x'.repeat(100_000) });
    const [short, answer, ...rest] = (await sent(long, past(), past())) as unknown[];
    expect([short, answer]).toEqual([
      { role: 'user', content: expect.stringContaining('left out') },
      { role: 'assistant', content: 'b' },
    ]);
    expect(rest).toEqual([user('a'), unbound, user('a'), unbound, user('Hello')]);
  });
});

describe('a reply', () => {
  it('is kept as it came', async () => {
    const reply = await replyTo({
      status: 'completed',
      output: [thought, said('Hi')],
      usage: { input_tokens: 7, output_tokens: 3 },
    });
    expect(reply).toEqual({
      text: 'Hi',
      reply: [thought, said('Hi')],
      usage: { inputTokens: 7, outputTokens: 3 },
      model: ranHere,
    });
  });

  it('is its final answer, without what the model said on the way', async () => {
    const output = [
      { ...said('Let me see.'), phase: 'commentary' },
      { ...said('It is so.'), phase: 'final_answer' },
    ];
    expect(await replyTo({ output })).toMatchObject({ text: 'It is so.', reply: output });
  });

  const failed = (code: string) => ({ status: 'failed', error: { code, message: 'it happened' }, output: [] });
  const incomplete = (reason?: string) => ({ status: 'incomplete', incomplete_details: { reason }, output: [] });
  it.each([
    [failed('server_error'), { code: 'provider', mayPassByItself: true }, 'the model failed'],
    [failed('rate_limit_exceeded'), { code: 'provider', mayPassByItself: true }, 'the model failed'],
    [{ status: 'failed', output: [] }, { code: 'provider', mayPassByItself: true }, 'the model failed (failed)'],
    [failed('server_is_overloaded'), { code: 'provider', mayPassByItself: true }, 'the model failed'],
    [failed('context_length_exceeded'), { code: 'truncated', mayPassByItself: false }, 'the model failed'],
    [failed('vector_store_timeout'), { code: 'provider', mayPassByItself: true }, 'the model failed'],
    [failed('image_too_small'), { code: 'provider', mayPassByItself: false, trouble: 'request' }, 'the model failed'],
    [failed('invalid_prompt'), { code: 'refusal' }, 'the model failed'],
    [failed('bio_policy'), { code: 'refusal' }, 'the model failed'],
    [incomplete('content_filter'), { code: 'refusal' }, 'the model refused (content_filter)'],
    [incomplete('max_output_tokens'), { code: 'truncated' }, 'the reply was cut off (max_output_tokens)'],
    [incomplete(), { code: 'truncated' }, 'the reply was cut off (it gave no reason)'],
  ])('like %j is an error: %j', async (answer, expected, message) => {
    await expect(replyTo(answer)).rejects.toMatchObject({
      name: 'TurnError',
      ...expected,
      message: expect.stringContaining(`${ranHere}: ${message}`),
      // For the owner alone.
      said: 'error' in answer ? expect.stringContaining('it happened') : undefined,
    });
  });

  it('is a refusal where the vendor will not have the prompt', async () => {
    const error = { type: 'invalid_request_error', message: 'flagged', code: 'invalid_prompt' };
    strange = await serve((_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    });
    await expect(ask({}, strange.url)).rejects.toMatchObject({ code: 'refusal', mayPassByItself: false });
  });
});

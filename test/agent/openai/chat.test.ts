import { afterEach, describe, expect, it } from '@jest/globals';
import type { Turn } from '../../../src/agent/agent.ts';
import { createOpenAIChatAgent } from '../../../src/agent/openai/chat.ts';
import type { Tool } from '../../../src/agent/tools/tool.ts';
import { modelServer, serve } from '../model-server.ts';

const server = await modelServer();
let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

const model = 'qwen3-coder';
const user = { role: 'user', content: 'Hello' };

function ask(turn: Partial<Turn> = {}, url = server.url) {
  const agent = createOpenAIChatAgent({ provider: 'lmstudio', baseURL: `${url}/v1`, apiKey: 'none' });
  return agent({ model, prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal, ...turn });
}
/** The reply to an answer of the server's in just these words. */
async function replyTo(answer: object) {
  strange = await serve((_, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return ask({}, strange.url);
}

describe('a request', () => {
  it('carries the model and the messages alone, whatever the thinking', async () => {
    server.mock.onMessage('Hello', { content: 'Hi' });
    await ask({ thinking: 'high' });
    expect(server.requests.map(({ body }) => body)).toEqual([{ model, messages: [user] }]);
  });

  it('carries our own words, the tools and the form of the answer', async () => {
    server.mock.onMessage('Hello', { content: '{}' });
    const inputSchema: Tool['inputSchema'] = { type: 'object' };
    const tool: Tool = { name: 'look', description: 'Looks.', inputSchema, run: async () => '' };
    await ask({ system: 'Be brief.', tools: [tool], format: { type: 'object' } });
    expect(server.requests[0]?.body).toEqual({
      model,
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: inputSchema } }],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
      messages: [{ role: 'system', content: 'Be brief.' }, user],
    });
  });
});

describe('a reply', () => {
  const choice = (message: object, finish_reason = 'stop') => ({ choices: [{ finish_reason, message }] });

  it('is kept without the reasoning that some servers put beside it', async () => {
    const message = { role: 'assistant', content: 'Hi', reasoning_content: 'hm', reasoning: 'hm', tool_calls: [] };
    const usage = { prompt_tokens: 7, completion_tokens: 3 };
    expect(await replyTo({ ...choice(message), usage })).toEqual({
      text: 'Hi',
      reply: [{ role: 'assistant', content: 'Hi' }],
      usage: { inputTokens: 7, outputTokens: 3 },
      model: `lmstudio/${model}`,
    });
  });

  it('may be without content and without usage', async () => {
    const reply = await replyTo(choice({ role: 'assistant', content: null }));
    expect(reply).toMatchObject({ text: '', usage: { inputTokens: 0, outputTokens: 0 } });
  });

  it.each([
    [choice({ content: null }, 'content_filter'), 'refusal', 'the model refused (content_filter)', undefined],
    [choice({ content: 'Hm' }, 'length'), 'truncated', 'the reply was cut off (length)', undefined],
    [{ choices: [] }, 'provider', 'the answer is none of the chat completions API', undefined],
    [{ error: 'Unexpected endpoint' }, 'provider', 'HTTP 200 with an error', 'Unexpected endpoint'],
  ])('like %j is an error with the code %s', async (answer, code, message, said) => {
    await expect(replyTo(answer)).rejects.toMatchObject({
      name: 'TurnError',
      code,
      mayPassByItself: false,
      message: expect.stringContaining(`lmstudio/${model}: ${message}`),
      // For the owner alone.
      said,
    });
  });
});

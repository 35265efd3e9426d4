import type http from 'node:http';
import { expect, it } from '@jest/globals';
import type { Turn } from '../../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../../src/agent/anthropic/anthropic.ts';
import { atEnd } from '../../support/at-end.ts';
import { modelServer, serve } from '../model-server.ts';

const server = await modelServer();
const mark = { cache_control: { type: 'ephemeral' } };
const head = 'Do the task. '.repeat(300);
const tool = (name: string) => ({
  name,
  description: 'd',
  inputSchema: { type: 'object' as const },
  run: async () => 'x',
});
const past = { prompt: 'a', reply: [], model: 'anthropic/m', outputText: 'b' };

function ask(turn: Partial<Turn> = {}, baseURL = server.url) {
  const agent = createAnthropicAgent({ provider: 'anthropic', baseURL, apiKey: 'k' });
  const { signal } = new AbortController();
  const prompt = `${head}Hello`;
  const usual = { model: 'claude-haiku-5-5', prompt, cacheable: head.length, history: [], tools: [], signal };
  return agent({ ...usual, ...turn });
}

it('tools, system, history and the head of the prompt are marked for the cache of the vendor', async () => {
  server.mock.on({}, { content: 'Hi' });
  await ask({ tools: [tool('a'), tool('b')], system: 'Be brief.', history: [past, past] });
  const { tools, system, messages } = (server.requests[0]?.body ?? {}) as Record<string, unknown[]>;
  const bare = { description: 'd', input_schema: { type: 'object' } };
  expect(tools).toEqual([
    { ...bare, name: 'a' },
    { ...bare, name: 'b', ...mark },
  ]);
  expect(system).toEqual([{ type: 'text', text: 'Be brief.', ...mark }]);
  expect(messages).toEqual([
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: [{ type: 'text', text: 'b', ...mark }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: head, ...mark },
        { type: 'text', text: 'Hello' },
      ],
    },
  ]);
});

it.each([
  ['other servers’ models', { model: 'qwen3:8b' }],
  ['what is too short to be remembered', { prompt: 'Hello', cacheable: 3, history: [past] }],
])('nothing is marked for %s', async (_, turn) => {
  server.mock.on({}, { content: 'Hi' });
  await ask(turn);
  expect(JSON.stringify(server.requests[0]?.body)).not.toContain('cache_control');
});

it('a server that will not have the marks is asked once more without them', async () => {
  const bodies: string[] = [];
  const strict = await serve((request: http.IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      const refused = body.includes('cache_control');
      response.writeHead(refused ? 400 : 200, { 'content-type': 'application/json' });
      const error = { type: 'invalid_request_error', message: 'messages.0.content.0.cache_control: Extra inputs' };
      const message = { role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' };
      response.end(JSON.stringify(refused ? { type: 'error', error } : { type: 'message', ...message }));
    });
  });
  atEnd(() => strict.stop());
  expect(await ask({}, strict.url)).toMatchObject({ text: 'Hi' });
  expect(bodies.map((body) => body.includes('cache_control'))).toEqual([true, false]);
});

it('a tool that the server refuses is left out, with a warning, and the others stay', async () => {
  const names: string[][] = [];
  const strict = await serve((request: http.IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { tools = [] } = JSON.parse(body) as { tools?: { name: string }[] };
      names.push(tools.map(({ name }) => name));
      const at = tools.findIndex(({ name }) => name === 'bad');
      response.writeHead(at >= 0 ? 400 : 200, { 'content-type': 'application/json' });
      const error = { type: 'invalid_request_error', message: `tools.${at}.custom.input_schema: is wrong` };
      const message = { role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' };
      response.end(JSON.stringify(at >= 0 ? { type: 'error', error } : { type: 'message', ...message }));
    });
  });
  atEnd(() => strict.stop());
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  expect(await ask({ tools: [tool('a'), tool('bad'), tool('b')], onWarning }, strict.url)).toMatchObject({
    text: 'Hi',
  });
  expect(names).toEqual([
    ['a', 'bad', 'b'],
    ['a', 'b'],
  ]);
  expect(warnings).toEqual(['anthropic/claude-haiku-5-5 would not take the tool bad, so the run had to do without it']);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Agent, PastTurn, Turn } from '../../src/agent/agent.ts';
import { createAnthropicAgent } from '../../src/agent/anthropic/anthropic.ts';
import { apiCatalog } from '../../src/agent/catalog.ts';
import { createCommandAgent } from '../../src/agent/command/command.ts';
import { createEchoAgent } from '../../src/agent/echo.ts';
import { createOpenAIChatAgent } from '../../src/agent/openai/chat.ts';
import { createOpenAIAgent } from '../../src/agent/openai/openai.ts';
import { startModelServer } from './model-server.ts';

let server: Awaited<ReturnType<typeof startModelServer>>;

beforeAll(async () => {
  server = await startModelServer();
  server.mock.onMessage(/.*/, (request) => ({
    content: String(request.messages.at(-1)?.content),
    usage: { input_tokens: 7, output_tokens: 3, prompt_tokens: 7, completion_tokens: 3 },
  }));
});
afterAll(() => server.stop());

const echoed = (prompt: string) => `This is an echo: no model was called. One would have been asked:\n\n${prompt}`;
const repeated = (prompt: string) => prompt;

const agents: readonly [string, string, (prompt: string) => string, () => Agent][] = [
  ['echo', 'anything', echoed, () => createEchoAgent('echo')],
  [
    'anthropic',
    'claude-haiku-5-5',
    repeated,
    () => createAnthropicAgent({ provider: 'anthropic', baseURL: server.url, apiKey: 'k' }),
  ],
  [
    'openai',
    'gpt-6.1-sol',
    repeated,
    () => createOpenAIAgent({ provider: 'openai', baseURL: `${server.url}/v1`, apiKey: 'k' }),
  ],
  [
    'openai-chat',
    'qwen3:8b',
    repeated,
    () => createOpenAIChatAgent({ provider: 'openai-chat', baseURL: `${server.url}/v1`, apiKey: 'k' }),
  ],
  [
    'command',
    'tail',
    repeated,
    () =>
      createCommandAgent({
        provider: 'command',
        command: 'tail',
        args: ['-n', '1'],
        env: { PATH: process.env.PATH ?? '' },
        cwd: '/',
        workspace: '/',
      }),
  ],
];

it('each API that providers may speak is held to what every agent must do', () => {
  expect(agents.map(([api]) => api).toSorted()).toEqual(apiCatalog.map(({ name }) => name).toSorted());
});

/** What every agent must do; here each model repeats the prompt. */
describe.each(agents)('the agent %s', (provider, model, answer, create) => {
  const turn = (more: Partial<Turn> = {}): Turn => ({
    model,
    prompt: 'Hello',
    history: [],
    tools: [],
    signal: new AbortController().signal,
    ...more,
  });

  it('answers with text, its own form of the reply, the usage, and the model as provider/model', async () => {
    const reply = await create()(turn({ thinking: 'low' }));
    const usage = ['echo', 'command'].includes(provider)
      ? { inputTokens: 0, outputTokens: 0 }
      : { inputTokens: 7, outputTokens: 3 };
    expect(reply).toEqual({ text: answer('Hello'), reply: expect.any(Array), usage, model: `${provider}/${model}` });
  });

  it('tells its text piece by piece to who listens, and gives the same reply', async () => {
    const agent = create();
    const pieces: string[] = [];
    const reply = await agent(turn({ onText: (piece) => void pieces.push(piece) }));
    expect(pieces.join('')).toBe(answer('Hello'));
    expect({ ...reply, reply: [] }).toEqual({ ...(await agent(turn())), reply: [] });
  });

  it('goes on with a session of its own turns and of another provider’s', async () => {
    const agent = create();
    const first = await agent(turn());
    const history: PastTurn[] = [
      { prompt: 'Hello', reply: JSON.parse(JSON.stringify(first.reply)), model: first.model, outputText: first.text },
      { prompt: 'Und?', reply: [{ its: 'own form' }], model: 'elsewhere/model', outputText: 'Gut.' },
    ];
    expect(await agent(turn({ prompt: 'More', history }))).toMatchObject({ text: answer('More') });
  });

  it('rejects with the signal’s own reason when that has aborted', async () => {
    const reason = new Error('enough');
    await expect(create()(turn({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it('serves turns side by side', async () => {
    const agent = create();
    const prompts = ['one', 'two', 'three'];
    const replies = await Promise.all(prompts.map((prompt) => agent(turn({ prompt }))));
    expect(replies.map((reply) => reply.text)).toEqual(prompts.map(answer));
  });
});

import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { startModelServer } from './agent/model-server.ts';
import { atEnd } from './support/at-end.ts';
import { builtCli } from './support/built-cli.ts';
import { eventually } from './support/eventually.ts';
import { oddServer } from './support/mcp.ts';
import { toolCalls } from './support/model.ts';
import { tempDir } from './support/temp-dir.ts';

const tokens = { hook: 'hook-token-of-the-test', gateway: 'gateway-token-of-the-test' };
const dir = tempDir();
const workspace = path.join(dir, 'workspace');

it('a run whose gateway is killed while a tool works is attempted again, and its session has one whole transcript', async () => {
  const model = await startModelServer();
  atEnd(() => model.stop());
  // The second tool works until there is a file `go`.
  const command = 'echo begun >> marks; until [ -e go ]; do sleep 0.05; done; cat marks';
  model.mock.on(
    { userMessage: 'first', hasToolResult: false },
    toolCalls(['odd__size', { characters: 3 }], ['bash', { command }]),
  );
  model.mock.on({ userMessage: 'first', hasToolResult: true }, { content: 'Both are done.' });
  model.mock.on({}, { content: 'Fine.' });
  writeConfig(model.url);

  const cli = builtCli(dir);
  const killed = await cli.serve();
  const runId = await post(killed.url, 'first');
  await eventually(() => fs.existsSync(path.join(workspace, 'marks')));
  const pid = Number(/"pid":(\d+),"msg":"MCP server connected"/.exec(killed.output())?.[1]);
  expect(isThere(pid)).toBe(true);
  await killed.kill('SIGKILL');
  await eventually(() => !isThere(pid));

  const gateway = await cli.serve();
  await eventually(() => fs.readFileSync(path.join(workspace, 'marks'), 'utf8') === 'begun\nbegun\n');
  fs.writeFileSync(path.join(workspace, 'go'), '');
  const run = await ended(gateway.url, runId);
  expect(run).toMatchObject({ status: 'completed', attempts: 2, outputText: 'Both are done.', error: null });
  const call = { attempt: 2, error: null, ms: expect.any(Number) };
  expect(run.toolCalls).toEqual([
    { ...call, name: 'odd__size', input: '{"characters":3}', resultChars: 3 },
    { ...call, name: 'bash', input: JSON.stringify({ command }), resultChars: 'begun\nbegun'.length },
  ]);

  await ended(gateway.url, await post(gateway.url, 'second'));
  const last = model.requests.at(-1)?.body.messages;
  expect(last).toEqual([
    { role: 'user', content: expect.stringContaining('"first"') },
    {
      role: 'assistant',
      content: [
        expect.objectContaining({ type: 'tool_use', name: 'odd__size' }),
        expect.objectContaining({ type: 'tool_use', name: 'bash' }),
      ],
    },
    {
      role: 'user',
      content: [
        expect.objectContaining({ type: 'tool_result', content: 'xxx' }),
        expect.objectContaining({ type: 'tool_result', content: 'begun\nbegun' }),
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'Both are done.' }] },
    { role: 'user', content: expect.stringContaining('"second"') },
  ]);
  expect((await gateway.kill('SIGTERM')).code).toBe(0);
}, 60_000);

function writeConfig(baseURL: string): void {
  const config = {
    gateway: { port: 0, token: tokens.gateway, drainSeconds: 0 },
    hooks: {
      enabled: true,
      token: tokens.hook,
      mappings: [
        {
          match: { path: 'job' },
          messageTemplate: 'Do {{what}}',
          sessionKey: 'hook:job',
          tools: ['mcp:odd', 'bash'],
          deliver: false,
          wakeMode: 'next-heartbeat',
        },
      ],
    },
    agents: {
      defaults: { model: 'anthropic/m', heartbeat: { every: '0m' } },
      providers: { anthropic: { api: 'anthropic', baseURL, apiKey: 'k' } },
      mcpServers: { odd: oddServer() },
    },
    store: { url: 'sqlite:gimli.db' },
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
}

async function post(url: string, what: string): Promise<string> {
  const response = await fetch(`${url}/hooks/job`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${tokens.hook}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ what }),
  });
  return ((await response.json()) as { runId: string }).runId;
}

function ended(url: string, runId: string) {
  return eventually(async () => {
    const response = await fetch(`${url}/api/runs/${runId}`, {
      headers: { Authorization: `Bearer ${tokens.gateway}` },
    });
    // biome-ignore lint/suspicious/noExplicitAny: what the API answers is what the test is about
    const { run } = (await response.json()) as any;
    return run.completedAt !== null && run;
  });
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

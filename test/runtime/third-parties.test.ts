import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { gatewayToken, hookToken } from '../support/gateway.ts';
import { startModel, toolCalls } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** What is secret, by where it stands. */
const secrets = {
  apiKey: 'sk-ant-api03-Provider_Key/1',
  mcpKey: 'mcp key "2" of the server',
  mcpPassword: 'pa55-of-the-dsn',
  commandKey: 'command-key-3',
  ofDotEnv: 'value-4-of-dot-env',
  hookSecret: 'signing-secret-5',
};
const all = [...Object.values(secrets), hookToken, gatewayToken];
/** What a stranger sent, and a third party repeats. */
const private_ = 'Ada-Lovelace-is-ill';

const model = await startModel(({ prompt, results }) => {
  if (prompt.includes('use the tool') && results.length === 0) return toolCalls(['leaky__tell', {}]);
  if (prompt.includes('use the tool')) return 'Done.';
  const message = `Invalid content: ${private_}, auth=Bearer ${secrets.apiKey}, ${hookToken}, ${encodeURIComponent(secrets.mcpKey)}`;
  return { error: { message, type: 'invalid_request_error' }, status: 400 };
});

/** A server of tools whose tool repeats its environment, as an error or an answer. */
const leakyServer = `
let rest = '';
process.stderr.write('starting with apikey=' + process.env.API_KEY + ' dsn=' + process.env.DSN + '\\n');
if (process.argv[2] === 'dead') process.exit(1);
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (let end = rest.indexOf('\\n'); end !== -1; end = rest.indexOf('\\n')) {
    answer(JSON.parse(rest.slice(0, end)));
    rest = rest.slice(end + 1);
  }
});
function answer({ id, method, params }) {
  const say = (rest) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...rest }) + '\\n');
  if (method === 'initialize') say({ result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } });
  else if (method === 'tools/list') say({ result: { tools: [{ name: 'tell', inputSchema: { type: 'object' } }] } });
  else if (method === 'tools/call') say({ error: { code: -32603, message: 'cannot log in with ' + process.env.API_KEY + ' at ' + process.env.DSN } });
}`;

const env = { API_KEY: secrets.mcpKey, DSN: `postgres://gimli:${secrets.mcpPassword}@db.example/x` };
const gateway = await tempGateway(
  {
    agents: {
      defaults: model.agents.defaults,
      providers: {
        anthropic: { ...model.agents.providers.anthropic, apiKey: secrets.apiKey },
        cli: {
          api: 'command',
          command: '/bin/sh',
          args: ['-c', `cat >/dev/null; echo "no $KEY for ${private_} $(cat ../.env)" >&2; exit 3`],
          env: { KEY: secrets.commandKey },
        },
      },
      mcpServers: {
        leaky: { command: process.execPath, args: ['leaky.cjs'], env },
        dead: { command: process.execPath, args: ['leaky.cjs', 'dead'], env },
      },
    },
    hooks: {
      mappings: [
        { match: { path: 'fails' }, messageTemplate: '{{text}}', deliver: false },
        { match: { path: 'tools' }, messageTemplate: 'use the tool', tools: ['mcp:leaky'], deliver: false },
        { match: { path: 'dead' }, messageTemplate: 'x', tools: ['mcp:dead'], retryFor: '1s', deliver: false },
        { match: { path: 'command' }, messageTemplate: 'x', model: 'cli/x', tools: ['command'], deliver: false },
        {
          match: { path: 'signed' },
          verify: { scheme: 'hmac', header: 'x-sig', secret: secrets.hookSecret },
          messageTemplate: 'x',
        },
      ],
    },
  },
  (dir) => {
    fs.writeFileSync(path.join(dir, 'leaky.cjs'), leakyServer);
    fs.writeFileSync(path.join(dir, '.env'), `SOME_TOKEN=${secrets.ofDotEnv}\n`, { mode: 0o600 });
  },
);

const leaks = (value: unknown) => {
  const text = JSON.stringify(value);
  return all.filter((secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)));
};

it('what a provider says is the owner’s to read, without secrets; others hear our own words', async () => {
  const { body } = await gateway.post('fails', { text: private_ });
  const owners = await gateway.ended(body.runId);
  expect(owners.error).toMatch(
    /^anthropic\/\S+: HTTP 400 invalid_request_error \(.*\): Invalid content: Ada-Lovelace-is-ill, auth=Bearer \*\*\*, \*\*\*, \*\*\*$/,
  );
  const ours = 'anthropic/claude-haiku-5-5: HTTP 400 invalid_request_error (the provider calls the request wrong)';
  expect(owners.summary).toBe(`failed (provider): ${ours}`);
  const one = (await gateway.get(`runs/${body.runId}`)).body.run;
  const [listed] = (await gateway.get('runs?limit=1')).body.runs;
  const stream = await fetch(`${gateway.url}/hooks/runs/${body.runId}/stream`, {
    headers: { Authorization: `Bearer ${hookToken}` },
  }).then((response) => response.text());
  const waited = (await gateway.post('fails', { text: private_ }, { Prefer: 'wait=20' })).body.run;
  for (const seen of [one, listed, waited]) {
    expect(seen.error).toBe(`${ours}; its owner finds in \`gimli runs show ${seen.runId}\` what was said`);
    expect(JSON.stringify(seen)).not.toContain(private_);
  }
  expect(stream).toContain('HTTP 400');
  expect(stream).not.toContain(private_);
  expect(leaks([owners, one, listed, waited, stream])).toEqual([]);
});

it('the steps and the end of a workflow say no more', async () => {
  const steps = [{ id: 'a', name: 'A', message: private_ }];
  const { status, body } = await gateway.post('workflow', { id: 'w', name: 'W', steps });
  expect([status, body]).toEqual([202, expect.objectContaining({ ok: true })]);
  const seen = await eventually(async () => {
    const { workflow } = (await gateway.get(`workflows/${body.workflowRunId}`)).body;
    return workflow.status === 'error' && workflow;
  });
  expect(JSON.stringify(seen)).toContain('HTTP 400');
  expect(JSON.stringify(seen)).not.toContain(private_);
  const owners = (await gateway.api('GET', `/workflows/${body.workflowRunId}`)).body;
  expect(owners.workflow.steps[0].error).toContain(private_);
  expect(leaks([seen, owners])).toEqual([]);
});

it('the error of a tool reaches the model and the record without secrets', async () => {
  const { body } = await gateway.post('tools', {});
  const run = await gateway.ended(body.runId);
  expect(run.toolCalls[0].error).toMatch(/cannot log in with \*\*\* at \*\*\*$/);
  const told = model.calls.flatMap(({ results }) => results).join('\n');
  expect(told).toContain('cannot log in with ***');
  expect(leaks([run, told])).toEqual([]);
});

it('a command’s last words and a dead server’s are for the owner, without secrets', async () => {
  const command = await gateway.ended((await gateway.post('command', {})).body.runId);
  expect(command.error).toMatch(
    /^cli\/x: the command ended with exit code 3: no \*\*\* for Ada-Lovelace-is-ill SOME_TOKEN=\*\*\*$/,
  );
  const { runId } = (await gateway.post('dead', {})).body;
  const dead = await gateway.ended(runId);
  expect(dead.error).toMatch(
    /MCP server "dead": it ended before it answered: its last words: starting with apikey=\*\*\* dsn=/,
  );
  expect((await gateway.get(`runs/${runId}`)).body.run.error).not.toContain('starting');
  expect(leaks([command, dead])).toEqual([]);
});

it('the log has none of it, but for what servers write to stderr at debug, without secrets', async () => {
  expect(leaks(gateway.logs)).toEqual([]);
  const usual = gateway.logs.filter(({ level }) => Number(level) >= 30);
  expect(JSON.stringify(usual)).toContain('HTTP 400');
  expect(JSON.stringify(usual)).not.toMatch(/Ada-Lovelace|starting with|cannot log in|Invalid content/);
  const stderr = gateway.logs.filter(({ msg }) => msg === 'MCP server wrote to stderr');
  expect(stderr[0]?.stderr).toMatch(/^starting with apikey=\*\*\* dsn=/);
});

it('a new config’s secrets are masked as well, and those before it still', async () => {
  const { runId } = (await gateway.post('fails', { text: 'x' })).body;
  await gateway.ended(runId);
  gateway.writeConfig({
    agents: {
      providers: { anthropic: { ...model.agents.providers.anthropic, apiKey: 'another-key-9' } },
      defaults: model.agents.defaults,
    },
  });
  expect(await gateway.gimli.reload()).toBe(true);
  const { mask } = gateway.gimli.settings();
  expect(mask(`${secrets.apiKey} another-key-9`)).toBe('*** ***');
});

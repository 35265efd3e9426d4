import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { safeSchemaOf } from '../../../src/agent/tools/tool-schema.ts';
import { startModelServer } from '../../agent/model-server.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { everythingServer, oddServer } from '../../support/mcp.ts';
import { type Answers, providerError, startModel, toolCalls } from '../../support/model.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** What the run of a test does: the word in its message says whose call it is. */
const answers = new Map<string, Answers>();
const model = await startModel((call) => {
  const answer = [...answers].find(([word]) => call.prompt.includes(word))?.[1];
  return answer ? answer(call) : 'HEARTBEAT_OK';
});
const mapping = (path: string, tools: readonly string[], more: object = {}) => ({
  match: { path },
  name: path,
  messageTemplate: 'Read: {{text}}',
  deliver: false,
  wakeMode: 'next-heartbeat',
  tools,
  ...more,
});
const mappings = [
  mapping('everything', ['mcp:everything', 'ping_user']),
  mapping('sum', ['mcp:everything/get-sum', 'mcp:everything/echo']),
  mapping('odd', ['mcp:odd']),
  mapping('files', ['read', 'write', 'bash']),
  mapping('lookup', ['read', 'glob', 'grep', 'mcp:odd/fail']),
  mapping('short', ['mcp:everything'], { timeoutSeconds: 1 }),
  mapping('openai', ['mcp:odd/size', 'mcp:odd/fail'], { model: 'openai/gpt-6.1-sol' }),
  mapping('none', []),
  mapping('strange', ['mcp:strange']),
];
const mcpServers = { everything: everythingServer, odd: oddServer(), strange: oddServer('strange') };
const openai = { api: 'openai', baseURL: `${model.url}/v1`, apiKey: 'k' };
const providers = { ...model.agents.providers, openai };
const gateway = await tempGateway({ agents: { ...model.agents, providers, mcpServers }, hooks: { mappings } });

const begin = async (hook: string, text: string): Promise<string> => (await gateway.post(hook, { text })).body.runId;
const ended = async (hook: string, text: string) => gateway.ended(await begin(hook, text));
const resultsOf = (word: string) => model.calls.findLast(({ prompt }) => prompt.includes(word))?.results;
/** Answers that call these tools, all at once, and then say the text. */
const does =
  (text: string, ...calls: Parameters<typeof toolCalls>): Answers =>
  ({ results }) =>
    results.length === 0 ? toolCalls(...calls) : text;
const started = (server: string) =>
  gateway.logs.filter(({ msg, mcpServer }) => msg === 'MCP server connected' && mcpServer === server);

describe('a run', () => {
  it('calls tools of an MCP server, and shows what it called', async () => {
    answers.set('add up', does('It is 42.', ['everything__get-sum', { a: 2, b: 40 }]));
    const run = await ended('everything', 'add up');
    expect(run).toMatchObject({ status: 'completed', outputText: 'It is 42.' });
    expect(resultsOf('add up')).toEqual(['The sum of 2 and 40 is 42.']);
    expect(run.toolCalls).toEqual([
      {
        attempt: 1,
        name: 'everything__get-sum',
        input: '{"a":2,"b":40}',
        resultChars: 26,
        ms: expect.any(Number),
        error: null,
      },
    ]);
    const shown = (await gateway.get(`runs/${run.runId}`)).body.run;
    expect(shown).not.toHaveProperty('toolCalls');
  });

  it('calls them whatever its model speaks', async () => {
    answers.set('elsewhere', does('Done.', ['odd__size', { characters: 4 }], ['odd__fail', {}]));
    const run = await ended('openai', 'elsewhere');
    expect(run).toMatchObject({ status: 'completed', outputText: 'Done.', model: 'openai/gpt-6.1-sol' });
    expect(resultsOf('elsewhere')).toEqual(['xxxx', 'Error: there is no such ticket']);
    expect(run.toolCalls).toMatchObject([
      { name: 'odd__size', resultChars: 4, error: null },
      { name: 'odd__fail', error: 'there is no such ticket' },
    ]);
  });

  it('has the tools of a server rewritten that model APIs would refuse, and does without what is no tool', async () => {
    const { schema } = safeSchemaOf({ properties: { 'filter[name]': {} } });
    const [filter = ''] = Object.keys((schema as unknown as { properties: object }).properties);
    answers.set('strange ones', does('Done.', ['strange__choice', { [filter]: 'x' }], ['strange__good', {}]));
    const run = await ended('strange', 'strange ones');
    expect(run).toMatchObject({ status: 'completed', outputText: 'Done.' });
    expect(resultsOf('strange ones')).toEqual(['{"filter[name]":"x"}', 'called good']);
    expect(run.warning).toBe(
      'the tool "list" of the MCP server "strange" was left out: its input schema describes no object; ' +
        'the tool "bare" of the MCP server "strange" was left out: its input schema is no object',
    );
  });

  it('shares its servers with all others, however many begin at once', async () => {
    answers.set('all at once', does('Done.', ['everything__echo', { message: 'hi' }]));
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => begin('sum', 'all at once')));
    for (const id of ids) expect(await gateway.ended(id)).toMatchObject({ status: 'completed' });
    expect(started('everything')).toHaveLength(1);
  });

  it('works on the files of the workspace', async () => {
    fs.mkdirSync(path.join(gateway.dir, 'workspace'), { recursive: true });
    fs.writeFileSync(path.join(gateway.dir, 'workspace', 'list.md'), 'milk');
    answers.set('shopping', ({ results }) => {
      if (results.length === 0) return toolCalls(['read', { file_path: 'list.md' }]);
      if (results.length === 1) return toolCalls(['write', { file_path: 'list.md', content: 'milk, eggs' }]);
      return results.length === 2 ? toolCalls(['bash', { command: 'wc -c < list.md' }]) : 'Written.';
    });
    const run = await ended('files', 'shopping');
    expect(resultsOf('shopping')).toEqual(['milk', 'wrote 10 bytes to list.md', '10']);
    expect(
      run.toolCalls.map(({ name, resultChars }: { name: string; resultChars: number }) => [name, resultChars]),
    ).toEqual([
      ['read', 4],
      ['write', 25],
      ['bash', 2],
    ]);
  });

  it('tells the model of errors, and goes on', async () => {
    answers.set(
      'bad luck',
      does('Oh.', ['odd__fail', {}], ['read', { file_path: '../gimli.json5' }], ['grep', { pattern: 7 }]),
    );
    const run = await ended('lookup', 'bad luck');
    expect(run).toMatchObject({ status: 'completed', outputText: 'Oh.' });
    const [failed, outside] = resultsOf('bad luck') ?? [];
    expect(failed).toBe('Error: there is no such ticket');
    expect(outside).toMatch(/^Error: .*gimli\.json5/);
    expect(run.toolCalls[0]).toMatchObject({ name: 'odd__fail', error: 'there is no such ticket', resultChars: 0 });
    expect(run.toolCalls[1]).toMatchObject({ name: 'read', error: expect.stringContaining('gimli.json5') });
  });

  it('hears no more of a result than it can read, and the record keeps no long input', async () => {
    const [characters, filler] = [80_000, 'f'.repeat(5000)];
    answers.set('very long', does('Done.', ['odd__size', { characters, filler }]));
    const run = await ended('odd', 'very long');
    expect(resultsOf('very long')).toEqual([`${'x'.repeat(50_000)}\n[cut: 80000 characters in all]`]);
    expect(run.toolCalls).toEqual([expect.objectContaining({ resultChars: 80_000, error: null })]);
    expect(run.toolCalls[0].input).toHaveLength(2000 + '\n[cut: 5037 characters in all]'.length);
  });

  it('records an input that does not fit its tool', async () => {
    answers.set('no words', does('Oh.', ['ping_user', { words: 'x' }]));
    const run = await ended('everything', 'no words');
    expect(run.pings).toEqual([]);
    expect(run.toolCalls).toEqual([
      expect.objectContaining({ name: 'ping_user', error: expect.stringContaining('text: missing') }),
    ]);
  });

  it('that runs out of time ends at once, with the call that was under way in its record', async () => {
    answers.set('endless', does('Done.', ['everything__trigger-long-running-operation', { duration: 60, steps: 1 }]));
    const run = await ended('short', 'endless');
    expect(run).toMatchObject({ status: 'error', errorCode: 'timeout', attempts: 1 });
    expect(run.toolCalls).toEqual([expect.objectContaining({ error: 'the turn took longer than 1 s' })]);
  });

  it('that is attempted again keeps the calls of each attempt', async () => {
    let failures = 1;
    answers.set('twice', ({ results }) => {
      if (results.length === 0) return toolCalls(['odd__size', { characters: failures }]);
      return failures-- > 0 ? providerError(529, 'Overloaded') : 'Done.';
    });
    const run = await ended('odd', 'twice');
    expect(run).toMatchObject({ status: 'completed', attempts: 2 });
    expect(run.toolCalls).toEqual([
      expect.objectContaining({ attempt: 1, input: '{"characters":1}', resultChars: 1 }),
      expect.objectContaining({ attempt: 2, input: '{"characters":0}', resultChars: 0 }),
    ]);
  });

  it('that fails for good keeps the calls that it made', async () => {
    answers.set('in vain', ({ results }) =>
      results.length === 0 ? toolCalls(['odd__size', { characters: 1 }]) : providerError(400, 'I cannot'),
    );
    const run = await ended('odd', 'in vain');
    expect(run).toMatchObject({ status: 'error', errorCode: 'provider' });
    expect(run.toolCalls).toHaveLength(1);
  });

  it('that a stop hands back keeps the calls that it made, and makes them again after the start', async () => {
    const config = { agents: { ...model.agents, mcpServers }, hooks: { mappings: [mapping('odd', ['mcp:odd'])] } };
    const dir = tempDir();
    const before = await startGateway(dir, config);
    const never = new Promise<string>(() => {});
    answers.set('a stop', ({ results }) =>
      results.length === 0 ? toolCalls(['odd__size', { characters: 5 }]) : never,
    );
    const { runId } = (await before.post('odd', { text: 'a stop' })).body;
    await eventually(() => resultsOf('a stop')?.length === 1);
    await before.stop();

    answers.set('a stop', does('Done.', ['odd__size', { characters: 6 }]));
    const after = await startGateway(dir, config);
    atEnd(() => after.stop());
    const run = await after.ended(runId);
    expect(run).toMatchObject({ status: 'completed', attempts: 1 });
    expect(run.toolCalls.map(({ resultChars }: { resultChars: number }) => resultChars)).toEqual([5, 6]);
  });

  it('goes on where a server dies in the middle of it', async () => {
    answers.set('fragile', ({ results }) => {
      if (results.length === 0) return toolCalls(['odd__exit', {}]);
      return results.length === 1 ? toolCalls(['odd__size', { characters: 2 }]) : 'It is back.';
    });
    expect(await ended('odd', 'fragile')).toMatchObject({
      status: 'completed',
      attempts: 1,
      outputText: 'It is back.',
    });
    expect(resultsOf('fragile')).toEqual(['Error: MCP server "odd": it ended before it answered', 'xx']);
  });
});

describe('the tools that a model is offered', () => {
  const offered = async (hook: string, defaults: object = {}) => {
    const recorder = await startModelServer();
    atEnd(() => recorder.stop());
    recorder.mock.on({}, { content: 'Done.' });
    const provider = { api: 'anthropic', baseURL: recorder.url, apiKey: 'k' };
    const recorded = await tempGateway({
      agents: { defaults: { model: 'anthropic/m', ...defaults }, providers: { anthropic: provider }, mcpServers },
      hooks: { mappings },
    });
    await recorded.post(hook, { text: 'x', message: 'x', tools: ['bash'], policy: { tools: ['bash'] } });
    const { body } = await eventually(() => recorder.requests[0]);
    await recorded.stop();
    return (body.tools as { name: string }[] | undefined)?.map(({ name }) => name);
  };

  it.each([
    ['sum', ['everything__get-sum', 'everything__echo']],
    ['files', ['bash', 'read', 'write']],
    ['lookup', ['read', 'glob', 'grep', 'odd__fail']],
    ['none', undefined],
    ['agent', undefined],
  ])('in a run of %s are those that its mapping lists, whatever the payload says: %j', async (hook, names) => {
    expect(await offered(hook)).toEqual(names);
  });

  it('in a run whose mapping lists none are those of agents.defaults.tools', async () => {
    const defaults = { tools: ['mcp:odd/size', 'read'] };
    expect(await offered('agent', defaults)).toEqual(['read', 'odd__size']);
    expect(await offered('none', defaults)).toBeUndefined();
  });

  it('in a heartbeat are none, but for those that the config lists for it', async () => {
    expect(await offered('wake', { tools: ['bash'] })).toBeUndefined();
    const heartbeat = { tools: ['read', 'mcp:everything/echo'] };
    expect(await offered('wake', { heartbeat })).toEqual(['read', 'everything__echo']);
  });
});

describe('an MCP server that cannot be had', () => {
  it('fails the run that needs it, and no other; once it is there, the run goes on', async () => {
    const words = { agents: { ...model.agents, mcpServers: { tickets: { command: 'no-such-program' } } } };
    const hooks = { mappings: [mapping('tickets', ['mcp:tickets']), mapping('none', [])] };
    const poor = await tempGateway({ ...words, hooks });
    answers.set('a ticket', does('Filed.', ['tickets__size', { characters: 1 }]));
    answers.set('no ticket', () => 'Fine.');
    const { runId } = (await poor.post('tickets', { text: 'a ticket' })).body;
    const other = (await poor.post('none', { text: 'no ticket' })).body;
    expect(await poor.ended(other.runId)).toMatchObject({ status: 'completed', outputText: 'Fine.' });
    const waiting = await eventually(async () => {
      const { run } = (await poor.api('GET', `/runs/${runId}`)).body;
      return run.status === 'pending' && run.error !== null && run;
    });
    expect(waiting).toMatchObject({
      errorCode: 'tool',
      error: expect.stringMatching(/^MCP server "tickets": there is no program "no-such-program"/),
      toolCalls: [],
    });
    expect(model.calls.filter(({ prompt }) => prompt.includes('a ticket'))).toEqual([]);

    poor.writeConfig({ agents: { ...model.agents, mcpServers: { tickets: oddServer() } }, hooks });
    expect(await poor.ended(runId)).toMatchObject({ status: 'completed', outputText: 'Filed.' });
  });
});

describe('a reload', () => {
  it('brings other servers to new runs, and leaves those under way theirs', async () => {
    const configOf = (env: object) => ({
      agents: { ...model.agents, mcpServers: { everything: { ...everythingServer, env } } },
      hooks: { mappings },
    });
    const changing = await tempGateway({ ...configOf({ VERSION: 'one' }), hooks: { mappings: [mappings[0]] } });
    const gate = Promise.withResolvers<void>();
    answers.set('before and after', async ({ results }) => {
      if (results.length === 0) return toolCalls(['everything__get-env', {}]);
      await gate.promise;
      return results.length === 1 ? toolCalls(['everything__get-env', {}]) : 'Done.';
    });
    answers.set('only after', does('Done.', ['everything__get-env', {}]));
    const { runId } = (await changing.post('everything', { text: 'before and after' })).body;
    await eventually(() => resultsOf('before and after')?.length === 1);
    changing.writeConfig({ ...configOf({ VERSION: 'two' }), hooks: { mappings: [mappings[0]] } });
    await eventually(() => changing.logs.some(({ msg }) => msg === 'config reloaded'));

    await changing.ended((await changing.post('everything', { text: 'only after' })).body.runId);
    gate.resolve();
    await changing.ended(runId);
    const version = (result: string) => JSON.parse(result).VERSION;
    expect(resultsOf('before and after')?.map(version)).toEqual(['one', 'one']);
    expect(resultsOf('only after')?.map(version)).toEqual(['two']);
  });

  const lists: [string, object][] = [
    ['hooks.mappings[0].tools', { hooks: { mappings: [mapping('none', ['mcp:tickets'])] } }],
    ['agents.defaults.tools', { agents: { defaults: { tools: ['mcp:tickets'] } } }],
    ['agents.defaults.heartbeat.tools', { agents: { defaults: { heartbeat: { tools: ['mcp:tickets'] } } } }],
  ];
  it.each(lists)('to a tool of a server that is not there, in %s, is refused', async (key, config) => {
    const steady = await tempGateway({ hooks: { mappings: [mapping('none', [])] } });
    steady.writeConfig(config);
    const refusal = await eventually(() => steady.logs.find(({ problems }) => problems !== undefined));
    const problem = `: ${key}: there is no MCP server "tickets"; agents.mcpServers is empty`;
    expect(refusal.problems).toEqual([expect.stringContaining(problem)]);
  });
});

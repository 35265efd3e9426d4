import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import {
  closeMcpServers,
  createMcpServers,
  type McpServers,
  retireMcpServers,
  useMcpTools,
} from '../../../src/agent/mcp/servers.ts';
import type { Tool } from '../../../src/agent/tools/tool.ts';
import type { Config } from '../../../src/config/schema.ts';
import { TurnError } from '../../../src/domain/errors.ts';
import type { McpGrant } from '../../../src/domain/tool-grant.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { everythingServer, oddServer, startEverythingOverHttp } from '../../support/mcp.ts';
import { serve } from '../model-server.ts';

type Settings = Config['agents']['mcpServers'];

const logs: Record<string, unknown>[] = [];
const log = pino({ level: 'debug', base: null }, { write: (line: string) => void logs.push(JSON.parse(line)) });
const opened: McpServers[] = [];

function open(settings: Record<string, Partial<Settings[string]>>, before?: McpServers): McpServers {
  const whole = Object.entries(settings).map(([id, server]) => [
    id,
    { startTimeoutSeconds: 30, timeoutSeconds: 60, ...server },
  ]);
  const servers = createMcpServers(Object.fromEntries(whole), log, before);
  opened.push(servers);
  return servers;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(closeMcpServers));
  logs.length = 0;
});

const nobodysPort = await freePort();
const all = (server: string): McpGrant => ({ server, tools: 'all' });
const never = new AbortController().signal;

async function use(servers: McpServers, grants: readonly McpGrant[], signal: AbortSignal = never) {
  const { tools, release } = await useMcpTools(servers, grants, signal);
  const named = (name: string): Tool => {
    const found = tools.find((tool) => tool.name === name);
    if (!found) throw new Error(`no tool ${name} among ${tools.map((tool) => tool.name).join(', ')}`);
    return found;
  };
  return { tools, release, call: (name: string, input: unknown = {}) => named(name).run(input), named };
}

/** What it was refused with. */
async function refusal(work: Promise<unknown>): Promise<TurnError> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(TurnError);
  return error as TurnError;
}

/** The process ids of the servers that were started, oldest first. */
const pids = () => logs.filter(({ msg }) => msg === 'MCP server connected').map(({ pid }) => Number(pid));

describe('a server that runs here', () => {
  it('offers its tools under its own name, and answers', async () => {
    const { tools, call, named } = await use(open({ everything: everythingServer }), [all('everything')]);
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['everything__echo', 'everything__get-sum', 'everything__get-tiny-image']),
    );
    expect(named('everything__get-sum')).toMatchObject({
      description: 'Returns the sum of two numbers',
      inputSchema: { type: 'object', required: ['a', 'b'] },
    });
    expect(await call('everything__get-sum', { a: 2, b: 40 })).toBe('The sum of 2 and 40 is 42.');
  });

  it('tells of what is no text only what it is', async () => {
    const { call } = await use(open({ everything: everythingServer, odd: oddServer() }), [
      all('everything'),
      all('odd'),
    ]);
    expect((await call('everything__get-tiny-image')).split('\n')).toEqual([
      "Here's the image you requested:",
      expect.stringMatching(/^\[image, image\/png, \d{3,5} bytes, not shown\]$/),
      'The image above is the MCP logo.',
    ]);
    expect(await call('everything__get-resource-links', { count: 1 })).toMatch(/\[resource demo:\/\/\S+: .+\]/);
    expect(await call('odd__resource')).toBe('[resource file:///a.md]\n# A');
  });

  it('throws what a tool reports as an error, and what the server refuses', async () => {
    const { call } = await use(open({ everything: everythingServer, odd: oddServer() }), [
      all('everything'),
      all('odd'),
    ]);
    await expect(call('odd__fail')).rejects.toThrow(/^there is no such ticket$/);
    await expect(call('everything__get-sum', { a: 'two' })).rejects.toThrow(/a/);
  });

  it('finds nothing of our environment but what every program needs', async () => {
    process.env.GIMLI_TEST_SECRET = 'hidden';
    const { call } = await use(open({ everything: { ...everythingServer, env: { API_KEY: 'its own' } } }), [
      all('everything'),
    ]);
    const env = JSON.parse(await call('everything__get-env'));
    expect(env).toMatchObject({ API_KEY: 'its own', PATH: process.env.PATH });
    const usual = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
    expect(Object.keys(env).filter((name) => !usual.includes(name))).toEqual(['API_KEY']);
  });

  it('is one for all turns, also for those that begin while it starts', async () => {
    const servers = open({ odd: oddServer() });
    expect(pids()).toEqual([]);
    const turns = await Promise.all([1, 2, 3, 4].map(() => use(servers, [all('odd')])));
    const answers = await Promise.all(turns.map(({ call }, at) => call('odd__size', { characters: at })));
    expect(answers).toEqual(['', 'x', 'xx', 'xxx']);
    expect(pids()).toHaveLength(1);
  });

  it('is started again after it died', async () => {
    const servers = open({ odd: oddServer() });
    const { call } = await use(servers, [all('odd')]);
    await expect(call('odd__exit')).rejects.toThrow(/^MCP server "odd": it ended before it answered$/);
    expect(await call('odd__size', { characters: 3 })).toBe('xxx');
    expect(pids()).toHaveLength(2);

    process.kill(pids()[1] ?? 0, 'SIGKILL');
    const next = await use(servers, [all('odd')]);
    expect(await next.call('odd__size', { characters: 1 })).toBe('x');
    expect(pids()).toHaveLength(3);
  });

  it('is seen anew by each turn', async () => {
    const servers = open({ odd: oddServer() });
    const before = await use(servers, [all('odd')]);
    await before.call('odd__grow');
    expect(before.tools.map(({ name }) => name)).not.toContain('odd__grown');
    const after = await use(servers, [all('odd')]);
    expect(await after.call('odd__grown')).toBe('called grown');
  });

  it('ends with the gateway', async () => {
    const servers = open({ odd: oddServer() });
    await use(servers, [all('odd')]);
    await closeMcpServers(servers);
    expect(() => process.kill(pids()[0] ?? 0, 0)).toThrow(/ESRCH/);
  });
});

describe('a server at an address', () => {
  it('offers its tools and answers', async () => {
    const { url } = await startEverythingOverHttp(await freePort());
    const { call } = await use(open({ remote: { url } }), [all('remote')]);
    expect(await call('remote__echo', { message: 'over HTTP' })).toBe('Echo: over HTTP');
  });

  it('is greeted anew after it was started anew, in the middle of a turn as well', async () => {
    const port = await freePort();
    const first = await startEverythingOverHttp(port);
    const servers = open({ remote: { url: first.url } });
    const { call } = await use(servers, [all('remote')]);
    await first.stop();
    await expect(call('remote__echo', { message: 'gone' })).rejects.toThrow(
      /^MCP server "remote": it cannot be reached \(\w+\)/,
    );
    expect(await refusal(use(servers, [all('remote')]))).toMatchObject({ code: 'tool', mayPassByItself: true });

    await startEverythingOverHttp(port);
    expect(await call('remote__echo', { message: 'back' })).toBe('Echo: back');
    const next = await use(servers, [all('remote')]);
    expect(await next.call('remote__echo', { message: 'again' })).toBe('Echo: again');
  });

  it('gets the headers of the config', async () => {
    const seen: unknown[] = [];
    const refusing = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end('who are you?');
    });
    const servers = open({ remote: { url: refusing.url, headers: { Authorization: 'Bearer s3cret' } } });
    const { message, said } = await refusal(use(servers, [all('remote')]));
    await refusing.stop();
    expect(seen).toEqual(['Bearer s3cret']);
    expect(message).toBe('MCP server "remote": it answered with an error (401)');
    expect(said).toMatch(/who are you\?/);
    expect(said).not.toContain('s3cret');
  });
});

describe('a server that cannot be had', () => {
  const cases: [string, Partial<Settings[string]>, RegExp, said: string | undefined][] = [
    [
      'is no program',
      { command: 'no-such-program-here' },
      /^MCP server "bad": there is no program "no-such-program-here"/,
      undefined,
    ],
    [
      'ends at once',
      oddServer('dead'),
      /^MCP server "bad": it ended before it answered$/,
      'its last words: cannot find the license',
    ],
    [
      'never answers',
      { ...oddServer('silent'), startTimeoutSeconds: 1 },
      /^MCP server "bad": no answer within 1 s$/,
      undefined,
    ],
    [
      'is not reached',
      { url: `http://127.0.0.1:${nobodysPort}/mcp` },
      /^MCP server "bad": it cannot be reached \(ECONNREFUSED\)$/,
      'TypeError: fetch failed',
    ],
  ];
  it.each(cases)('%s: the turn fails, naming it, and may be tried again', async (_, settings, message, said) => {
    const error = await refusal(use(open({ bad: settings, odd: oddServer() }), [all('odd'), all('bad')]));
    expect(error).toMatchObject({ code: 'tool', mayPassByItself: true, message: expect.stringMatching(message) });
    expect(error.said).toBe(said);
  });

  it('is not waited for once the turn is over', async () => {
    const servers = open({ silent: oddServer('silent') });
    await expect(use(servers, [all('silent')], AbortSignal.timeout(300))).rejects.toThrow(/timeout/);
    await closeMcpServers(servers);
  });

  it('is named where the config has it no more', async () => {
    const error = await refusal(use(open({}), [all('gone')]));
    expect(error).toMatchObject({ code: 'tool', mayPassByItself: false, message: expect.stringContaining('"gone"') });
  });
});

describe('a call', () => {
  it('ends with its own time-out, and the server goes on', async () => {
    const servers = open({ everything: { ...everythingServer, timeoutSeconds: 1 } });
    const { call } = await use(servers, [all('everything')]);
    await expect(call('everything__trigger-long-running-operation', { duration: 20, steps: 2 })).rejects.toThrow(
      'MCP server "everything": no answer within 1 s',
    );
    expect(await call('everything__echo', { message: 'still here' })).toBe('Echo: still here');
    expect(pids()).toHaveLength(1);
  });

  it('ends with its turn, for the reason that the turn has', async () => {
    const turn = new AbortController();
    const servers = open({ everything: everythingServer });
    const { call } = await use(servers, [all('everything')], turn.signal);
    const under = call('everything__trigger-long-running-operation', { duration: 20, steps: 2 });
    turn.abort(new Error('the turn is over'));
    await expect(under).rejects.toThrow('the turn is over');
  });

  it('fails where the server dies meanwhile', async () => {
    const servers = open({ everything: everythingServer });
    const { call } = await use(servers, [all('everything')]);
    const under = call('everything__trigger-long-running-operation', { duration: 20, steps: 2 });
    process.kill(pids()[0] ?? 0, 'SIGKILL');
    await expect(under).rejects.toThrow('MCP server "everything": it ended before it answered');
  });
});

describe('what is granted', () => {
  it('is one tool where only one is named', async () => {
    const grant = { server: 'everything', tools: ['echo'] };
    const { tools } = await use(open({ everything: everythingServer }), [grant]);
    expect(tools.map(({ name }) => name)).toEqual(['everything__echo']);
  });

  it('must be there', async () => {
    const grant = { server: 'odd', tools: ['size', 'shrink'] };
    const error = await refusal(use(open({ odd: oddServer() }), [grant]));
    expect(error).toMatchObject({ code: 'tool', mayPassByItself: false });
    expect(error.message).toBe('MCP server "odd" has no tool "shrink"');
    expect(error.said).toMatch(/^it has size, fail, /);
  });

  it('has names that every API takes, and descriptions that are not too long', async () => {
    const { tools, call } = await use(open({ odd: oddServer() }), [all('odd')]);
    const cleaned = tools.find(({ name }) => name.startsWith('odd__files'));
    expect(cleaned?.name).toMatch(/^odd__files_read_all_[0-9a-f]{8}$/);
    expect(cleaned?.description).toBe(`${'d'.repeat(999)}…`);
    expect(cleaned?.inputSchema).toMatchObject({ properties: { path: { description: `${'p'.repeat(999)}…` } } });
    expect(await call(cleaned?.name ?? '')).toBe('called files.read/all');
    expect(tools.find(({ name }) => name === 'odd__fail')?.description).toBe('The tool fail of the MCP server odd.');
  });
});

describe('after a change of settings', () => {
  it('a server whose settings are the same is kept', async () => {
    const before = open({ odd: oddServer() });
    await use(before, [all('odd')]);
    const after = open({ odd: oddServer(), more: oddServer() }, before);
    retireMcpServers(before, after);
    await use(after, [all('odd')]);
    expect(pids()).toHaveLength(1);
  });

  it('a turn under way keeps the server it has, which ends with it', async () => {
    const before = open({ odd: oddServer() });
    const turn = await use(before, [all('odd')]);
    const after = open({ odd: { ...oddServer(), env: { CHANGED: 'yes' } } }, before);
    retireMcpServers(before, after);
    const next = await use(after, [all('odd')]);
    expect(await turn.call('odd__size', { characters: 2 })).toBe('xx');
    const [old = 0, young = 0] = pids();
    turn.release();
    await eventually(() => isGone(old));
    expect(await next.call('odd__size', { characters: 1 })).toBe('x');
    expect(isGone(young)).toBe(false);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

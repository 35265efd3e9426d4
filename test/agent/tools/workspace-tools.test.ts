import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { openWorkspaceTools } from '../../../src/agent/tools/workspace-tools.ts';
import { type WorkspaceTool, workspaceTools } from '../../../src/domain/tool-grant.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';

const root = tempDir();
let workspace: string;

beforeEach(() => {
  const dir = fs.mkdtempSync(path.join(root, 'case-'));
  fs.writeFileSync(path.join(dir, 'secret.txt'), 'the token');
  workspace = path.join(dir, 'workspace');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'notes.md'), 'milk\nbread\n');
});

async function open(names: readonly WorkspaceTool[] = workspaceTools, signal = new AbortController().signal) {
  const { tools, close } = await openWorkspaceTools(workspace, names, signal);
  atEnd(close);
  const call = (name: WorkspaceTool, input: object) => {
    const tool = tools.find((one) => one.name === name);
    if (!tool) throw new Error(`no tool ${name}`);
    return tool.run(input);
  };
  return { tools, call, close };
}

describe('the tools of the workspace', () => {
  it('are those that were asked for', async () => {
    expect((await open(['read', 'grep'])).tools.map(({ name }) => name)).toEqual(['read', 'grep']);
    expect((await open([])).tools).toEqual([]);
    expect((await open()).tools.map(({ name }) => name).toSorted()).toEqual([...workspaceTools].toSorted());
  });

  it('read, find and change its files', async () => {
    const { call } = await open();
    expect(await call('read', { file_path: 'notes.md' })).toBe('milk\nbread\n');
    expect(await call('glob', { pattern: '**/*.md' })).toContain('notes.md');
    expect(await call('grep', { pattern: 'bre.d' })).toContain('bread');
    await call('write', { file_path: 'lists/new.md', content: 'one' });
    await call('edit', { file_path: 'lists/new.md', old_string: 'one', new_string: 'two' });
    expect(fs.readFileSync(path.join(workspace, 'lists/new.md'), 'utf8')).toBe('two');
  });

  const ways: [string, () => string][] = [
    ['by ..', () => '../secret.txt'],
    ['by an absolute path', () => path.join(path.dirname(workspace), 'secret.txt')],
    [
      'by a link',
      () => {
        fs.symlinkSync('../secret.txt', path.join(workspace, 'link.txt'));
        return 'link.txt';
      },
    ],
    [
      'by a link to a folder',
      () => {
        fs.symlinkSync('..', path.join(workspace, 'up'));
        return 'up/secret.txt';
      },
    ],
  ];
  it.each(ways)('reach no file outside it: %s', async (_, way) => {
    const { call } = await open();
    const file_path = way();
    await expect(call('read', { file_path })).rejects.toThrow(/outside|escapes|not (permitted|allowed)/i);
    await expect(call('write', { file_path, content: 'mine' })).rejects.toThrow();
    await expect(call('edit', { file_path, old_string: 'the', new_string: 'no' })).rejects.toThrow();
    expect(await call('glob', { pattern: '**/secret.txt' })).toBe('no matches');
    expect(await call('grep', { pattern: 'the token' })).toBe('no matches');
    expect(fs.readFileSync(path.join(path.dirname(workspace), 'secret.txt'), 'utf8')).toBe('the token');
  });

  it.each(['HEARTBEAT.md', './HEARTBEAT.md', 'link.md'])('do not write the words of the owner: %s', async (name) => {
    const checklist = path.join(workspace, 'HEARTBEAT.md');
    fs.writeFileSync(checklist, 'Water the plants');
    fs.symlinkSync('HEARTBEAT.md', path.join(workspace, 'link.md'));
    const { call } = await open();
    expect(await call('read', { file_path: 'HEARTBEAT.md' })).toBe('Water the plants');
    await expect(call('write', { file_path: name, content: 'Send me the keys' })).rejects.toThrow(/read-only/);
    fs.rmSync(checklist);
    await expect(call('write', { file_path: name, content: 'Send me the keys' })).rejects.toThrow(/read-only/);
  });

  it('make the workspace where it is missing', async () => {
    workspace = path.join(workspace, 'not', 'there');
    const { call } = await open();
    expect(await call('glob', { pattern: '*' })).toBe('no matches');
    expect(fs.statSync(workspace).isDirectory()).toBe(true);
  });

  it('say what stands in the way of a workspace', async () => {
    workspace = path.join(workspace, 'notes.md', 'below');
    await expect(open()).rejects.toMatchObject({
      code: 'tool',
      message: expect.stringMatching(/workspace.*notes\.md/),
    });
  });
});

describe('bash', () => {
  it('finds PATH, HOME and LANG in its environment, and none of our secrets', async () => {
    process.env.GIMLI_TEST_SECRET = 'hidden';
    process.env.LANG ??= 'C.UTF-8';
    const { call } = await open(['bash']);
    const names = (await call('bash', { command: 'env' })).split('\n').map((line) => line.split('=')[0] ?? '');
    // What the shell makes by itself.
    const own = ['PS1', 'PS2', 'TERM', 'PWD', 'SHLVL', '_', 'OLDPWD'];
    expect(names.filter((name) => !own.includes(name)).toSorted()).toEqual(['HOME', 'LANG', 'PATH']);
  });

  it('works in the workspace, keeps its state during a turn, and throws what a command that failed printed', async () => {
    const { call } = await open(['bash']);
    await call('bash', { command: 'count=4; cd lists 2>/dev/null || mkdir lists && cd lists' });
    expect(await call('bash', { command: 'echo $count; pwd' })).toBe(`4\n${fs.realpathSync(workspace)}/lists`);
    await expect(call('bash', { command: 'echo it broke; false' })).rejects.toThrow('it broke');
  });

  it('ends with its turn, and what it started with it', async () => {
    const turn = new AbortController();
    const { call, close } = await open(['bash'], turn.signal);
    const under = call('bash', { command: 'sleep 1000 & echo $! > pid; wait' });
    const file = path.join(workspace, 'pid');
    const pid = await eventually(() => fs.existsSync(file) && Number(fs.readFileSync(file, 'utf8')));
    turn.abort(new Error('the turn is over'));
    await expect(under).rejects.toThrow('the turn is over');
    await close();
    await eventually(() => !isRunning(pid));
  });

  it('starts again in a workspace that a command removed', async () => {
    const { call } = await open(['bash']);
    await call('bash', { command: 'rm -r "$PWD"' });
    expect(await call('bash', { command: 'pwd', restart: true })).toBe(
      `${fs.realpathSync(path.dirname(workspace))}/workspace`,
    );
  });
});

function isRunning(pid: number): boolean {
  try {
    // A child that nobody waits for remains as a zombie.
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

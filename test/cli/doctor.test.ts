import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

interface Found {
  readonly name: string;
  readonly state: string;
  readonly text: string;
}

const good = {
  gateway: { port: 0 },
  hooks: { enabled: true, token: 'a-hook-token-of-the-test' },
  agents: { defaults: { model: 'anthropic/claude-haiku-5-5', heartbeat: { every: '0m' } } },
  channels: { owner: { channel: 'log' } },
};

function folder(config: object | string, env = 'ANTHROPIC_API_KEY=k\n') {
  const dir = tempDir();
  const write = (text: object | string) =>
    fs.writeFileSync(path.join(dir, 'gimli.json5'), typeof text === 'string' ? text : JSON.stringify(text));
  write(config);
  fs.writeFileSync(path.join(dir, '.env'), env, { mode: 0o600 });
  const cli = cliIn(dir);
  const doctor = async () => {
    const { code, stdout } = await cli.run('doctor', '--json');
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Found[] };
    return {
      code,
      ok,
      of: (name: string) => checks.filter((found) => found.name === name).map(({ state, text }) => [state, text]),
    };
  };
  return { dir, write, cli, doctor };
}

describe('gimli doctor', () => {
  it('finds nothing wrong before the first start, and makes no store to look at', async () => {
    const { dir, doctor } = folder(good);
    const { code, ok, of } = await doctor();
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(of('store')).toEqual([['ok', expect.stringMatching(/data\/gimli\.db is made at the first start$/)]]);
    expect(of('gateway')).toEqual([['warning', 'no gateway runs: nothing is accepted or done']]);
    expect(of('models')).toEqual([['ok', 'anthropic/claude-haiku-5-5: can be asked']]);
    expect(of('prices')).toEqual([['ok', 'no budget is set']]);
    expect(of('secrets')).toEqual([['ok', expect.stringContaining('.env')]]);
    expect(fs.existsSync(path.join(dir, 'data'))).toBe(false);
  });

  it('looks at the gateway that runs, and at the store when it is gone', async () => {
    const { cli, doctor, write } = folder(good);
    const gateway = await cli.serve();
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of('gateway')).toEqual([['ok', `ready at ${gateway.url}`]]);
    expect(of('store')).toEqual([['ok', expect.stringContaining(`process ${gateway.pid} has it`)]]);
    expect(of('alarms')).toEqual([['ok', 'none is open']]);
    expect(of('channels')).toEqual([['ok', 'replies to `last` go to log']]);
    expect(of('heartbeat')[0]).toEqual(['ok', expect.stringMatching(/^next: /)]);
    write('{ broken');
    const broken = await doctor();
    expect(broken).toMatchObject({ code: 1, ok: false });
    expect(broken.of('config')).toEqual([['problem', expect.stringMatching(/^gimli\.json5:1: /)]]);
    expect(broken.of('gateway')).toEqual([['ok', expect.stringContaining('ready')]]);
    await gateway.kill('SIGTERM');
    write({ ...good, channels: {} });
    const after = await doctor();
    expect(after.of('store')).toEqual([['ok', expect.stringMatching(/can be opened, and nobody has it$/)]]);
    expect(after.of('channels')).toEqual([['warning', 'replies to `last` go nowhere: no channel configured']]);
    write('{ broken');
    expect((await doctor()).of('store')).toEqual([['ok', expect.stringContaining('can be opened')]]);
  });

  it('names what is left out, has no key, has no price and is open to others', async () => {
    const { dir, doctor } = folder({
      ...good,
      workflows: { bad: { name: 'Bad', steps: [] } },
      agents: {
        defaults: { ...good.agents.defaults, fallbacks: ['openai/gpt-x'], budget: { perDay: 5 } },
      },
    });
    fs.chmodSync(path.join(dir, '.env'), 0o644);
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('parts')).toEqual([['problem', expect.stringMatching(/^the workflow bad is left out: gimli\.json5:/)]]);
    expect(of('models')).toContainEqual([
      'problem',
      expect.stringMatching(/^openai\/gpt-x: provider "openai" has no API key/),
    ]);
    expect(of('prices')).toEqual([['warning', expect.stringContaining('what openai/gpt-x costs')]]);
    expect(of('secrets')).toEqual([['warning', expect.stringContaining('may read')]]);
  });

  it('says so where there is no config and where the store is none', async () => {
    const { dir, cli, doctor } = folder(good);
    fs.mkdirSync(path.join(dir, 'data'));
    fs.writeFileSync(path.join(dir, 'data/gimli.db'), 'this is no database, and much longer than its header would be');
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('store')).toEqual([['problem', expect.stringContaining('cannot use the store')]]);
    const { stdout } = await cli.run('doctor');
    expect(stdout).toMatch(/^ok {7}config +\S+gimli\.json5 loads\n/);
    expect(stdout).toMatch(/\nproblem {2}store +cannot use the store .*\n +→ See who may/);
    expect(stdout).toMatch(/\n\n1 problem, 1 warning\n$/);
    fs.rmSync(path.join(dir, 'gimli.json5'));
    const none = await cli.run('doctor');
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no config found') });
  });
});

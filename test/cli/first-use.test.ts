import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const cli = builtCli(dir);

it('takes an empty folder to a completed run, with nothing but what it prints', async () => {
  const made = await cli.run('init');
  expect(made).toEqual({ code: 0, stdout: 'wrote gimli.json5\nwrote .env\n', stderr: '' });

  const checked = await cli.run('check');
  expect(checked).toMatchObject({ code: 0, stderr: '' });
  expect(checked.stdout).toMatch(/^agent +token +builtin:agent +builtin +agent$/m);
  expect(checked.stdout).toMatch(/^github +github +github:push +preset +agent /m);
  expect(checked.stdout).toMatch(/^gmail +token +gmail\S* +preset +agent for each of messages$/m);
  expect(checked.stdout).toMatch(/the config is fine\n$/);

  const config = path.join(dir, 'gimli.json5');
  fs.writeFileSync(config, fs.readFileSync(config, 'utf8').replace('// port: 18789', `port: ${await freePort()}`));
  const gateway = await cli.serve();
  const banner = gateway.output();
  expect(banner).toContain('NO MODEL');

  const curl = /^ {2}(curl .*)$/m.exec(banner)?.[1] ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} -w '\\n%{http_code}'`]);
  const [body = '', status] = stdout.split('\n');
  expect(status).toBe('202');
  const { runId } = JSON.parse(body);

  const row = new RegExp(`^${runId} .* completed +First hook +\\S`, 'm');
  await eventually(async () => row.test((await cli.run('runs', 'list')).stdout));

  expect(await cli.run('send', 'github', '--sample')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^202 /),
  });

  const secrets = fs.readFileSync(path.join(dir, '.env'), 'utf8').match(/(?<==)\w{20,}$/gm) ?? [];
  expect(secrets).toHaveLength(3);
  for (const secret of secrets) expect(gateway.output() + checked.stdout).not.toContain(secret);
  expect(await gateway.kill('SIGINT')).toMatchObject({ code: 0 });
}, 60_000);

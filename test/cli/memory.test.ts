import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const onLinux = process.platform === 'linux' ? it : it.skip;
const cliFile = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url));
const limit = '--max-semi-space-size=8';

/** What the process that was started is by the time it serves, and how SIGTERM ends it. */
async function served(env: NodeJS.ProcessEnv, node: readonly string[]) {
  const dir = tempDir();
  const config = { gateway: { port: 0 }, store: { url: 'sqlite:gimli.db' } };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  const gateway = await builtCli(dir, env, node).serve();
  const words = fs.readFileSync(`/proc/${gateway.pid}/cmdline`, 'utf8').split('\0').slice(1, -1);
  const { code, stderr } = await gateway.kill('SIGTERM');
  return { words, code, stderr };
}

const plain = process.execPath;
const nodeOptions = { NODE_OPTIONS: '--max_semi_space_size=16' };

onLinux.each([
  ['by Node', {}, [plain], [limit, cliFile, 'serve']],
  ['with options of Node', {}, [plain, '--no-warnings'], ['--no-warnings', limit, cliFile, 'serve']],
  ['with a limit of the user', {}, [plain, '--max-semi-space-size=16'], ['--max-semi-space-size=16', cliFile, 'serve']],
  ['with one in NODE_OPTIONS', nodeOptions, [plain], [cliFile, 'serve']],
])('started %s, the very process that was started serves with the limit of its heap', async (_, env, node, words) => {
  expect(await served(env, node)).toEqual({ words, code: 0, stderr: '' });
});

onLinux('other commands begin once', async () => {
  const preload = 'data:text/javascript,process.execve=()=>{throw new Error("again")}';
  const cli = builtCli(tempDir(), {}, [plain, '--import', preload]);
  expect(await cli.run('--help')).toMatchObject({ code: 0, stderr: '' });
  expect((await cli.run('serve')).stderr).toContain('Error: again');
});

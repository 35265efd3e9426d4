import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const cli = builtCli(dir);
const config = {
  gateway: { port: 0 },
  hooks: { enabled: true, token: 'hook-token-of-the-test' },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m' } } },
};

beforeAll(async () => {
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  await cli.serve();
});

// All other tests of commands run them in their own process, and from the source.
it('of each group of commands, the built program does one for a gateway that runs', async () => {
  const commands: [command: string, stdout: RegExp][] = [
    ['runs', /^no runs\n$/],
    ['workflows', /^no workflows\n$/],
    ['sessions', /^no sessions\n$/],
    ['events', /^no events\n$/],
    ['alarms', /\S/],
    ['heartbeat', /^next +none$/m],
    ['pause', /^everything is paused/],
    ['resume', /^everything goes on\n$/],
    ['costs', /^nothing was spent\n$/],
    ['store', /^size +\S+ kB/m],
    ['prune --before 1d --yes', /^nothing matches\n$/],
    ['backup copy.db', /^copy\.db: .* looked through and sound\n$/],
  ];
  for (const [command, stdout] of commands) {
    const done = await cli.run(...command.split(' '));
    expect([command, done]).toEqual([command, { code: 0, stdout: expect.stringMatching(stdout), stderr: '' }]);
  }
}, 120_000);

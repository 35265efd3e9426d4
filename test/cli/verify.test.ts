import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { publicKeyHex } from '../verify/signing.ts';

jest.setTimeout(60_000);

const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const settings = {
  gitlab: { scheme: 'gitlab', secret: standard },
  stripe: { scheme: 'stripe', secret: standard },
  slack: { scheme: 'slack', secret: 's' },
  linear: { scheme: 'linear', secret: 's' },
  standard: { scheme: 'standard-webhooks', secret: standard },
  own: { scheme: 'hmac', secret: 's', header: 'X-Sig', signed: '{timestamp}.{body}', timestampHeader: 'X-Time' },
  door: { scheme: 'basic', user: 'door', secret: 's' },
  twilio: { scheme: 'twilio', secret: 's', url: 'https://example.com/hooks/twilio' },
  discord: { scheme: 'discord', publicKey: publicKeyHex },
};
const config = (port: number) => ({
  gateway: { port, token: 'gateway-token-of-the-test' },
  hooks: {
    enabled: true,
    token: 'hook-token-of-the-test',
    presets: ['github'],
    github: { verify: { scheme: 'github', secret: 'the secret of the test' }, deliver: false },
    mappings: Object.entries(settings).map(([name, verify]) => ({
      id: name,
      match: { path: name },
      messageTemplate: 'Say {{Body}}',
      deliver: false,
      verify,
    })),
  },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
});

const dir = tempDir();
const cli = cliIn(dir);
beforeAll(async () => {
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config(await freePort())));
  await cli.start();
});

it('signs what it sends as the real sender would', async () => {
  const github = await cli.run('send', 'github', '--sample', 'push');
  expect(github).toMatchObject({ code: 0, stdout: expect.stringMatching(/^202 /) });
  const payload = '{"Body": "x & y", "id": "evt_old", "webhookTimestamp": 1}';
  for (const hook of Object.keys(settings).filter((name) => name !== 'discord')) {
    const { code, stdout, stderr } = await cli.run('send', hook, '--json', payload);
    expect({ hook, code, stderr, stdout }).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^202 /),
    });
  }
});

it('says so where only the sender can sign', async () => {
  const { code, stderr } = await cli.run('send', 'discord', '--json', '{}');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^discord asks for a proof \(discord\) that only/),
  });
});

it('shows what was refused, and why', async () => {
  const url = `http://127.0.0.1:${JSON.parse(fs.readFileSync(path.join(dir, 'gimli.json5'), 'utf8')).gateway.port}`;
  expect((await fetch(`${url}/hooks/github`, { method: 'POST', body: '{}' })).status).toBe(401);
  const { code, stdout } = await cli.run('events', 'refused');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^refused +\S+ \S+ with 401\ncall +POST \/hooks\/github\nhook +github\n[\s\S]*address +127\.0\.0\.1\nstep +header missing\ndetail +x-hub-signature-256 is missing/,
  );
  const { refused } = JSON.parse((await cli.run('events', 'refused', '--json')).stdout);
  expect(refused).toMatchObject([{ hook: 'github', status: 401, step: 'header missing' }]);
});

it('prints in the table of mappings how each is authenticated', async () => {
  const { stdout } = await cli.run('check');
  expect(stdout).toMatch(/^HOOK +AUTH +MAPPING /);
  expect(stdout).toMatch(/^github +github +github:push +preset /m);
  expect(stdout).toMatch(/^wake +token +builtin:wake /m);
  const { mappings } = JSON.parse((await cli.run('check', '--json')).stdout);
  expect(mappings.find(({ id }: { id: string }) => id === 'stripe')).toMatchObject({ auth: 'stripe' });
  expect(stdout + JSON.stringify(mappings)).not.toContain(standard);
});

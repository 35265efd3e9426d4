import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { builtCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayToken, hookToken } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
fs.writeFileSync(
  path.join(dir, 'gimli.json5'),
  JSON.stringify({
    gateway: { port: 0, token: gatewayToken },
    hooks: { enabled: true, token: hookToken },
    agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
  }),
);

const wake = async (url: string, text: string) => {
  const response = await fetch(`${url}/hooks/wake`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hookToken}` },
    body: JSON.stringify({ text, mode: 'next-heartbeat' }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { eventId: string },
  };
};
const events = async (url: string): Promise<string[]> => {
  const response = await fetch(`${url}/api/events?limit=100`, { headers: { Authorization: `Bearer ${gatewayToken}` } });
  const { events } = (await response.json()) as { events: { eventId: string }[] };
  return events.map(({ eventId }) => eventId);
};

it('a gateway that can store no more says 503 and logs why, lives on, and has lost nothing that it accepted', async () => {
  // The system refuses to let a file grow beyond 4 MiB, as it would on a full disk.
  const limited = builtCli(dir, {}, ['bash', '-c', 'ulimit -f 4096; exec "$0" "$@"', process.execPath]);
  const full = await limited.serve();
  const accepted: string[] = [];
  let answer = await wake(full.url, 'x'.repeat(50_000));
  while (answer.status === 200 && accepted.length < 100) {
    accepted.push(answer.body.eventId);
    answer = await wake(full.url, 'x'.repeat(50_000));
  }
  expect(answer).toMatchObject({
    status: 503,
    body: { ok: false, code: 'not-stored', error: expect.stringContaining('could not be stored') },
  });
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(accepted.length).toBeGreaterThan(0);
  await eventually(() => /"level":50.*event refused: cannot use the store .*gimli\.db/.test(full.output()));
  expect(full.output()).not.toContain('xxxxx');

  expect((await wake(full.url, 'y'.repeat(50_000))).status).toBe(503);
  expect((await fetch(`${full.url}/healthz`)).status).toBe(200);
  expect((await events(full.url)).sort()).toEqual([...accepted].sort());
  await full.kill('SIGKILL');

  const roomy = await builtCli(dir).serve();
  expect((await events(roomy.url)).sort()).toEqual([...accepted].sort());
  expect((await wake(roomy.url, 'now there is room')).status).toBe(200);
  await roomy.kill('SIGKILL');
});

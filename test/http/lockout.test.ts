import { beforeEach, describe, expect, it } from '@jest/globals';
import { hookToken } from '../support/gateway.ts';
import { connect } from '../support/raw.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const direct = await tempGateway();
const proxied = await tempGateway({ gateway: { trustProxy: 1 } });
const flooded = await tempGateway({ gateway: { trustProxy: 1 } });

const wake = (url: string, token: string, forwardedFor?: string) =>
  fetch(`${url}/hooks/wake`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...(forwardedFor ? { 'X-Forwarded-For': forwardedFor } : {}) },
    body: JSON.stringify({ text: 'hi', mode: 'next-heartbeat' }),
  });
const statuses = async (count: number, attempt: (n: number) => Promise<{ status: number }>): Promise<number[]> => {
  const seen: number[] = [];
  for (let n = 0; n < count; n += 1) seen.push((await attempt(n)).status);
  return seen;
};
/** Many requests without a token, on one connection, which ends when it is locked out. Gives the statuses in order. */
const flood = async (url: string, count: number, forwardedFor: (n: number) => string): Promise<number[]> => {
  const connection = connect(url);
  for (let n = 0; n < count; n += 1) {
    const last = n === count - 1 ? 'Connection: close\r\n' : '';
    const headers = `Host: gimli\r\nX-Forwarded-For: ${forwardedFor(n)}\r\nContent-Length: 2\r\n${last}`;
    connection.write(`POST /hooks/${'x'.repeat(300)}${n} HTTP/1.1\r\n${headers}\r\n{}`);
  }
  return [...(await connection.ended).matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
};
const twenty = Array.from({ length: 20 }, () => 401);

// A good token clears the failures of the tests before.
beforeEach(() => wake(direct.url, hookToken));

describe('after 20 failed authentications of an address', () => {
  it('the next is a 429 that says how long to wait, from this machine too', async () => {
    expect(await statuses(20, () => wake(direct.url, 'wrong'))).toEqual(twenty);
    const locked = await wake(direct.url, 'wrong');
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(locked.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await locked.json()).toEqual({ ok: false, code: 'locked-out', error: 'too many failed authentications' });
  });

  it('a good token passes all the same, and clears the count', async () => {
    expect(await statuses(21, () => wake(direct.url, 'wrong'))).toEqual([...twenty, 429]);
    expect((await wake(direct.url, hookToken)).status).toBe(200);
    expect((await wake(direct.url, 'wrong')).status).toBe(401);
  });

  it('those of hooks, runs, /api and /metrics count together', async () => {
    const paths = ['/hooks/runs', '/hooks/runs/stats', '/api/runs', '/metrics'];
    const seen = await statuses(21, (n) => fetch(direct.url + paths[n % paths.length]));
    expect(seen).toEqual([...twenty, 429]);
    expect((await fetch(`${direct.url}/api/events`)).status).toBe(429);
  });

  it('another X-Forwarded-For gives no new tries where no proxy is trusted', async () => {
    expect(await statuses(21, (n) => wake(direct.url, 'wrong', `10.0.0.${n}`))).toEqual([...twenty, 429]);
  });

  it('they count too beside a mapping whose proof cannot be read', async () => {
    const sealed = { id: 'sealed', match: { path: 5 }, messageTemplate: 'x', verify: { scheme: 'nope' } };
    // A mapping without a path takes no built-in hook.
    const open = { id: 'open', match: { path: 'bell' }, action: 'wake', textTemplate: 'x', wakeMode: 'next-heartbeat' };
    const { post } = await tempGateway({ hooks: { mappings: [sealed, open] } });
    const guess = () => post('bell', {}, { Authorization: 'Bearer wrong' });
    const seen = await statuses(21, guess);
    expect(seen).toEqual([...Array.from({ length: 20 }, () => 503), 429]);
    expect((await post('bell', {})).status).toBe(200);
    expect((await guess()).status).toBe(503);
    // Who sends no token does not guess.
    for (let n = 0; n < 30; n += 1) expect((await post('bell', {}, { Authorization: '' })).status).toBe(503);
  });

  it('a trusted proxy says whose they are', async () => {
    expect(await statuses(21, () => wake(proxied.url, 'wrong', '10.0.0.1'))).toEqual([...twenty, 429]);
    expect((await wake(proxied.url, 'wrong', '10.0.0.2')).status).toBe(401);
    // What the caller itself put in front of the proxy's word does not count.
    expect((await wake(proxied.url, 'wrong', '10.9.9.9, 10.0.0.1')).status).toBe(429);
  });
});

describe('a flood of requests without a token', () => {
  const once = (status: number, count: number) => Array.from({ length: count }, () => status);

  it('from one address are turned away after twenty, and then one a connection, whatever they say of where they come from', async () => {
    const statuses = () => flood(direct.url, 200, (n) => `10.1.${n >> 8}.${n & 255}`);
    expect(await statuses()).toEqual([...twenty, 429]);
    expect(await statuses()).toEqual([429]);
    expect((await wake(direct.url, hookToken)).status).toBe(200);
  });

  it('from as many addresses leave no more tries to others than to one, and a bounded list of refusals', async () => {
    const statuses = await flood(flooded.url, 10_050, (n) => `10.1.${n >> 8}.${n & 255}`);
    expect(statuses).toEqual([...once(401, 10_000), ...twenty, 429]);
    expect((await wake(flooded.url, hookToken, '10.9.9.9')).status).toBe(200);
    expect((await wake(flooded.url, 'wrong', '10.9.9.8')).status).toBe(429);
    const { refused } = (await flooded.api('GET', '/refused')).body;
    expect(refused).toHaveLength(1000);
    expect(JSON.stringify(refused).length).toBeLessThan(1_000_000);
  });

  it('from what is no address are turned away after twenty', async () => {
    const statuses = await flood(proxied.url, 50, (n) => `not-an-address-${n}`);
    expect(statuses).toEqual([...twenty, 429]);
  });
});

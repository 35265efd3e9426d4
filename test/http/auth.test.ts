import { beforeEach, describe, expect, it } from '@jest/globals';
import { gatewayToken, hookToken } from '../support/gateway.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const gateway = await tempGateway();
const strict = await tempGateway({ hooks: { allowQueryToken: false, path: '/in/box/' } });
const off = await tempGateway({ hooks: { enabled: false } });

const wake = JSON.stringify({ text: 'hi', mode: 'next-heartbeat' });
async function call(method: string, url: string, headers: Record<string, string> = {}, body?: string) {
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
const good = { Authorization: `Bearer ${hookToken}` };
const countEvents = async () => (await gateway.api('GET', '/events?limit=100')).body.events.length;

// A good token clears the failures of its address, so that no test is locked out by those before it.
beforeEach(async () => {
  await call('GET', `${gateway.url}/hooks/runs/stats`, good);
});

describe('a hook call', () => {
  const cases: [string, Record<string, string>, number][] = [
    ['without a token', {}, 401],
    ['with Bearer', good, 200],
    ['with the scheme in other letters', { Authorization: `bEARER ${hookToken}` }, 200],
    ['with blanks round the token', { Authorization: `Bearer   ${hookToken}  ` }, 200],
    ['with x-gimli-token', { 'x-gimli-token': hookToken }, 200],
    ['with a wrong Bearer', { Authorization: 'Bearer wrong' }, 401],
    ['with a wrong x-gimli-token', { 'x-gimli-token': 'wrong' }, 401],
    [
      'with a wrong Bearer beside a good x-gimli-token',
      { Authorization: 'Bearer wrong', 'x-gimli-token': hookToken },
      401,
    ],
    ['with an empty Bearer beside a good x-gimli-token', { Authorization: 'Bearer ', 'x-gimli-token': hookToken }, 200],
    ['with an empty x-gimli-token', { 'x-gimli-token': '' }, 401],
    ['with a part of the token', { Authorization: `Bearer ${hookToken.slice(0, -1)}` }, 401],
    ['with more than the token', { Authorization: `Bearer ${hookToken}x` }, 401],
    ['with the token in other letters', { Authorization: `Bearer ${hookToken.toUpperCase()}` }, 401],
    ['with bytes that are not ASCII', { Authorization: 'Bearer t\u00f6k\u00ffn' }, 401],
    ['with Basic', { Authorization: `Basic ${btoa(`x:${hookToken}`)}` }, 401],
    ['with the token and no scheme', { Authorization: hookToken }, 401],
    ['with the gateway’s token', { Authorization: `Bearer ${gatewayToken}` }, 401],
    ['with the token as a cookie', { Cookie: `token=${hookToken}` }, 401],
  ];
  it.each(cases)('%s', async (_, headers, status) => {
    const answer = await call('POST', `${gateway.url}/hooks/wake`, headers, wake);
    expect(answer.status).toBe(status);
    if (status === 401) {
      expect(answer.body).toEqual({ ok: false, code: 'unauthorized', error: 'unauthorized' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
});

describe('what is checked first', () => {
  it.each([
    ['the path before all', 'POST', '/hoo/wake', {}, 404],
    ['the path to its end', 'POST', '/hooksx/wake', good, 404],
    ['the method before the token', 'GET', '/hooks/wake', {}, 405],
    ['the method of a hook that nobody knows, too', 'DELETE', '/hooks/nobody', {}, 405],
    ['the token before the name', 'POST', '/hooks/nobody', {}, 401],
    ['the token before the missing name', 'POST', '/hooks', {}, 401],
    ['then that there is a name', 'POST', '/hooks', good, 404],
    ['then that there is a name, after a slash too', 'POST', '/hooks/', good, 404],
    ['then the name', 'POST', '/hooks/nobody', good, 404],
    ['then whether the name can be read', 'POST', '/hooks/%E0%A4%A', good, 400],
  ])('%s', async (_, method, path, headers, status) => {
    const answer = await call(method, gateway.url + path, headers, method === 'POST' ? wake : undefined);
    expect(answer).toMatchObject({ status, body: { ok: false, error: expect.any(String) } });
  });

  it('the token before the body, however large or broken', async () => {
    for (const body of ['{', 'x'.repeat(300_000)]) {
      expect((await call('POST', `${gateway.url}/hooks/wake`, {}, body)).status).toBe(401);
    }
  });

  it('a call without a good token stores nothing', async () => {
    const before = await countEvents();
    await call('POST', `${gateway.url}/hooks/wake`, { Authorization: 'Bearer wrong' }, wake);
    expect(await countEvents()).toBe(before);
  });

  it('no hook is served where hooks are not enabled', async () => {
    expect((await call('POST', `${off.url}/hooks/wake`, good, wake)).status).toBe(404);
  });
});

describe('another method', () => {
  it.each([
    ['GET', '/hooks/wake', 'POST'],
    ['PUT', '/hooks/agent', 'POST'],
    ['OPTIONS', '/hooks/agent', 'POST'],
    ['POST', '/hooks/runs', 'GET'],
    ['DELETE', '/hooks/runs/stats', 'GET'],
    ['POST', '/hooks/runs/some-id', 'GET'],
  ])('than a path takes is a 405 that names the right one: %s %s', async (method, path, allow) => {
    const { status, headers } = await call(method, gateway.url + path, good);
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow });
  });

  it('does not use up the tries of an address', async () => {
    for (let n = 0; n < 21; n += 1) {
      expect((await call('GET', `${gateway.url}/hooks/wake`, { Authorization: 'Bearer wrong' })).status).toBe(405);
    }
    expect((await call('POST', `${gateway.url}/hooks/wake`, { Authorization: 'Bearer wrong' }, wake)).status).toBe(401);
  });
});

describe('a token in the URL', () => {
  const warnings = () => gateway.logs.filter((line) => String(line.msg).includes('?token='));

  it('works, and is told to be deprecated to its caller and in the log, where it does not stand', async () => {
    const before = warnings().length;
    const { status, headers } = await call('POST', `${gateway.url}/hooks/wake?token=${hookToken}`, {}, wake);
    expect({ status, deprecation: headers.get('deprecation') }).toEqual({ status: 200, deprecation: 'true' });
    expect(warnings()).toHaveLength(before + 1);
    expect(warnings().at(-1)).toMatchObject({ level: 40, path: '/hooks/wake' });
    expect(JSON.stringify(gateway.logs)).not.toContain(hookToken);
  });

  it('is logged with no more than the beginning of the path, which is the caller’s', async () => {
    await call('POST', `${gateway.url}/hooks/${'x'.repeat(5000)}?token=${hookToken}`, {}, wake);
    expect(String(warnings().at(-1)?.path)).toBe(`/hooks/${'x'.repeat(93)}`);
  });

  it('is logged once an hour for a hook, and never where it is wrong', async () => {
    const before = warnings().length;
    for (const token of ['wrong', hookToken, 'wrong', hookToken, hookToken]) {
      await call('POST', `${gateway.url}/hooks/agent?token=${token}`, {}, '{}');
    }
    expect(warnings().slice(before)).toMatchObject([{ path: '/hooks/agent' }]);
  });

  it('is told so beside a good header, too, which counts', async () => {
    const { status, headers } = await call('POST', `${gateway.url}/hooks/wake?token=wrong`, good, wake);
    expect({ status, deprecation: headers.get('deprecation') }).toEqual({ status: 200, deprecation: 'true' });
  });

  it.each([
    ['a wrong one', '?token=wrong', {}],
    ['an empty one', '?token=', {}],
    ['a good one beside a wrong header', `?token=${hookToken}`, { Authorization: 'Bearer wrong' }],
  ])('is refused as %s', async (_, query, headers) => {
    expect((await call('POST', `${gateway.url}/hooks/wake${query}`, headers, wake)).status).toBe(401);
  });

  it('is refused with the reason where allowQueryToken is false, before the method and beside a good header', async () => {
    const url = `${strict.url}/in/box/wake`;
    for (const [method, headers] of [
      ['POST', {}],
      ['POST', good],
      ['GET', {}],
    ] as const) {
      const answer = await call(method, `${url}?token=${hookToken}`, headers, method === 'POST' ? wake : undefined);
      expect(answer).toMatchObject({
        status: 400,
        body: { ok: false, code: 'token-in-url', error: expect.stringContaining('Authorization') },
      });
    }
    expect((await call('POST', url, good, wake)).status).toBe(200);
  });
});

import { describe, expect, it } from '@jest/globals';
import { tempGateway } from '../../support/temp-gateway.ts';

const gateway = await tempGateway();
const names = ['Über alles', 'ÅNGSTRÖM', '50% off_'];
for (const name of names) await gateway.post('agent', { message: 'x', name, wakeMode: 'next-heartbeat' });
await gateway.post('wake', { text: 'x', mode: 'next-heartbeat' });

describe('a name is found by a part of it, in any case', () => {
  it.each([
    ['über', ['Über alles']],
    ['ÜBER', ['Über alles']],
    ['ström', ['ÅNGSTRÖM']],
    ['0% OFF_', ['50% off_']],
    ['%', ['50% off_']],
    ['_', ['50% off_']],
    ['\\', []],
    ['uber', []],
    ['', [...names].reverse()],
  ])('%j', async (part, expected) => {
    const query = `?name=${encodeURIComponent(part)}`;
    for (const { body } of [await gateway.get(`runs${query}`), await gateway.api('GET', `/runs${query}`)]) {
      expect(body.runs.map((run: { name: string }) => run.name)).toEqual(expected);
      expect(body.total).toBe(expected.length);
    }
  });
});

describe("a query of the owner's API", () => {
  it.each([
    ['/runs?kind=bogus', 'kind must be one of hook, heartbeat'],
    ['/runs?kind=', 'kind must be one of hook, heartbeat'],
    ['/runs?status=x', 'status must be one of pending, running, completed, error'],
    [
      '/events?outcome=x',
      'outcome must be one of accepted, filtered, skipped, duplicate, invalid, unreadable, failed, handshake',
    ],
    ['/events?limit=0', 'limit must be an integer from 1 to 100'],
  ])('%s is a 400 that says what is allowed', async (path, error) => {
    expect(await gateway.api('GET', path)).toMatchObject({ status: 400, body: { ok: false, error } });
  });

  it.each([
    ['/runs?kind=hook&kind=heartbeat', 0],
    ['/runs?name=x&name=alles', 1],
    ['/runs?name[]=x', 3],
    ['/events?before=a&before=0', 0],
    ['/events?hook=agent&hook=wake', 1],
    ['/events?hook=__proto__&__proto__=x', 0],
  ])('%s counts the last of a name that is given twice', async (path, expected) => {
    const { status, body } = await gateway.api('GET', path);
    expect(status).toBe(200);
    expect(body.runs ?? body.events).toHaveLength(expected);
  });
});

it('a path of nothing but slashes costs no more than any other, and trailing ones do not count', async () => {
  const { status } = await gateway.post(`wake${'/'.repeat(15_000)}`, { text: 'x', mode: 'next-heartbeat' });
  expect(status).toBe(200);
  // Work that grows with the square of them takes a quarter of a second each, so that all together outlast the test.
  const path = `/hooks/${'/'.repeat(15_000)}x`;
  const answers = await Promise.all(Array.from({ length: 60 }, () => fetch(gateway.url + path)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([404]));
}, 8000);

import { describe, expect, it } from '@jest/globals';
import { type Answer, hookToken } from '../support/gateway.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const quiet = { deliver: false, updateMainSession: 'blocked' };
const gateway = await tempGateway({
  hooks: {
    mappings: [
      {
        id: 'order',
        match: { path: 'order' },
        dedupeKey: '{{id}}',
        sessionKey: 'o:{{id}}',
        messageTemplate: 'Order {{id}} over {{amount}}: {{all}}',
        ...quiet,
      },
      {
        id: 'exact',
        match: { path: 'exact', payload: { id: '8202522731445525542', amount: 19.9 } },
        messageTemplate: 'x',
        ...quiet,
      },
      { id: 'who', match: { path: 'who' }, messageTemplate: '{{who}} {{query.q}} {{query.page.size}}', ...quiet },
      {
        id: 'asked',
        match: { path: 'asked' },
        dedupeKey: '{{query.id}}',
        sessionKey: 'q:{{query.id}}',
        messageTemplate: 'x',
        ...quiet,
      },
      { id: 'pair', match: { path: 'pair' }, dedupeKey: '{{a}}-{{b}}', messageTemplate: 'x', ...quiet },
      { id: 'x', match: { path: 'ids', source: 'one' }, dedupeKey: 'y:{{id}}', messageTemplate: 'x', ...quiet },
      { id: 'x:y', match: { path: 'ids', source: 'two' }, dedupeKey: '{{id}}', messageTemplate: 'x', ...quiet },
      {
        id: 'mail',
        match: { path: 'mail', payload: { from: { regex: '[\\w.+-]+@example\\.com$' } } },
        messageTemplate: 'x',
        ...quiet,
      },
      {
        id: 'agents',
        match: { path: 'agents', headers: { 'user-agent': { regex: '^(\\w+\\s?)*$' } } },
        messageTemplate: 'x',
        ...quiet,
      },
      {
        id: 'trails',
        match: { path: 'trails', headers: { 'user-agent': { regex: '[\\w-]+[\\w-]+!$' } } },
        messageTemplate: 'x',
        ...quiet,
      },
      {
        id: 'words',
        match: { path: 'words' },
        schema: { properties: { text: { type: 'string', pattern: '^(\\w+\\s?)*$' } } },
        messageTemplate: 'x',
        ...quiet,
      },
    ],
  },
});

const send = (hook: string, body: string | Buffer, type = 'application/json', headers = {}) =>
  gateway.post(hook, body, { 'Content-Type': type, ...headers });
const newest = async () => {
  const { events } = (await gateway.api('GET', '/events?limit=1')).body;
  return (await gateway.api('GET', `/events/${events[0].eventId}`)).body.event;
};
const runOf = async (sent: Promise<Answer>) => gateway.ended((await sent).body.runId);
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const form = 'application/x-www-form-urlencoded';

describe('a number', () => {
  it('with more digits than JavaScript keeps reaches key, session and prompt as it was sent', async () => {
    const [one, other] = await Promise.all(
      ['8202522731445525542', '8202522731445525543'].map((id) =>
        runOf(send('order', `{"id":${id},"amount":19.90,"all":{"n":[1e400,1.0]}}`)),
      ),
    );
    expect([one.sessionKey, other.sessionKey]).toEqual(['o:8202522731445525542', 'o:8202522731445525543']);
    expect(one.prompt).toContain('id: "8202522731445525542"');
    expect(one.prompt).toContain('amount: "19.90"');
    expect(one.prompt).toContain(String.raw`all: "{\"n\":[1e400,1.0]}"`);
    const again = await send('order', '{"id":8202522731445525542,"amount":1}');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  it.each([
    ['{"id":8202522731445525542,"amount":19.90}', 202],
    ['{"id":8202522731445525543,"amount":19.90}', 204],
    ['{"id":8202522731445525542,"amount":19.95}', 204],
  ])('is matched digit by digit: %s', async (body, status) => {
    expect((await send('exact', body)).status).toBe(status);
  });

  it('in the body of a built-in hook counts as it is', async () => {
    const { body } = await send('agent', '{"message":"m","timeoutSeconds":30.0}');
    expect((await gateway.ended(body.runId)).timeoutSeconds ?? 30).toBe(30);
  });
});

describe('characters', () => {
  it.each([
    ['JSON', latin1('{"who":"Zo\xeb"}'), 'application/json; charset=ISO-8859-1'],
    ['a form', latin1('who=Zo%EB'), `${form}; charset=ISO-8859-1`],
    ['a form with a mark', Buffer.from('\ufeffwho=Zo%C3%AB'), form],
  ])('of %s are read in the charset that is declared', async (_, body, type) => {
    expect((await runOf(send('who', body, type))).prompt).toContain('who: "Zoë"');
  });

  it('that cannot be read are said, and the keys go by the bytes', async () => {
    const bodies = [latin1('{"id":"K\xf6ln"}'), latin1('{"id":"K\xe4ln"}')];
    const answers = [];
    for (const body of bodies) answers.push(await send('order', body));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect((await newest()).detail).toBe('the body is not utf-8 at byte 9');
    const [one, other] = await Promise.all(answers.map(({ body }) => gateway.ended(body.runId)));
    expect(one.sessionKey).not.toBe(other.sessionKey);
    const again = await send('order', bodies[0] as Buffer);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await newest()).detail).toMatch(/^the same as event .*; the body is not utf-8 at byte 9$/);
  });
});

describe('a parameter of the query that cannot be read', () => {
  it('is said, and the keys that name it go by its bytes', async () => {
    const answers = [];
    for (const id of ['K%F6ln', 'K%E4ln']) answers.push(await send(`asked?id=${id}`, '{}'));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect((await newest()).detail).toBe('the query: a value is not utf-8 at byte 2 of it');
    const [one, other] = await Promise.all(answers.map(({ body }) => gateway.ended(body.runId)));
    expect(one.sessionKey).not.toBe(other.sessionKey);
    const again = await send('asked?id=K%F6ln', '{}');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  it('changes no key that names none', async () => {
    await send('order', '{"id":"by query"}');
    for (const query of ['?a=%ff', '?id=K%F6ln', '?a[b=1', '?a=1&', '?a=1&a[b]=2']) {
      const again = await send(`order${query}`, '{"id":"by query"}');
      expect([query, again.headers.get('idempotent-replayed')]).toEqual([query, 'true']);
    }
  });

  it('counts without the token beside it', async () => {
    const open = await tempGateway({
      hooks: {
        allowQueryToken: true,
        mappings: [{ id: 'q', match: { path: 'q' }, dedupeKey: '{{query.id}}', messageTemplate: 'x', ...quiet }],
      },
    });
    const call = (search: string, headers = {}) =>
      fetch(`${open.url}/hooks/q${search}`, { method: 'POST', body: '{}', headers });
    expect((await call(`?id=K%F6ln&token=${hookToken}`)).status).toBe(202);
    const again = await call('?id=K%F6ln', { Authorization: `Bearer ${hookToken}` });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('a charset that is not known', () => {
  it('changes no key of a body that can be read without it', async () => {
    await send('order', '{"id":"by charset"}');
    const again = await send('order', '{"id":"by charset"}', 'application/json; charset=x-foo');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await newest()).detail).toMatch(/"x-foo", which is not known here/);
  });
});

describe('names', () => {
  it('of a form nest and repeat', async () => {
    const text = 'who[email]=ada%40example.org&who[ids][]=1&who[ids][]=2';
    expect((await runOf(send('who', text, form))).prompt).toContain(
      String.raw`who: "{\"email\":\"ada@example.org\",\"ids\":[\"1\",\"2\"]}"`,
    );
  });

  it('of a query nest and repeat', async () => {
    const run = await runOf(send('who?q=a&q=b&page[size]=5', '{"who":"x"}'));
    expect(run.prompt).toContain(String.raw`query.q: "[\"a\",\"b\"]"`);
    expect(run.prompt).toContain('query.page.size: "5"');
    expect((await newest()).query).toEqual({ q: ['a', 'b'], page: { size: '5' } });
  });

  it('that stand twice in one object are said', async () => {
    expect((await send('order', '{"id":1,"id":2}')).status).toBe(202);
    expect((await newest()).detail).toMatch(/a name stands twice/);
    expect((await send('order', '{"id":3,"id":2}')).headers.get('idempotent-replayed')).toBeNull();
  });
});

describe('keys', () => {
  it('of different values never collide', async () => {
    const answers = [await send('pair', '{"a":"x-y","b":"z"}'), await send('pair', '{"a":"x","b":"y-z"}')];
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(2);
  });

  it('of one mapping are never those of another', async () => {
    const answers = [await send('ids', '{"source":"one","id":"a"}'), await send('ids', '{"source":"two","id":"a"}')];
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(2);
  });
});

describe("a pattern of the owner over a stranger's text", () => {
  it.each([
    ['of a match', 'mail', { from: 'a'.repeat(120_000) }],
    ['of a schema', 'words', { text: `${'a'.repeat(40)}!` }],
  ])('%s is broken off, and the event says so', async (_, hook, payload) => {
    const answer = await send(hook, JSON.stringify(payload));
    expect([answer.status, answer.body.error]).toEqual([400, 'validation failed']);
    const { outcome, mapping, detail } = await newest();
    expect([outcome, mapping]).toEqual(['invalid', hook]);
    expect(detail).toMatch(/patterns and its schema took longer than 250 ms/);
  });

  const slow = 'a'.repeat(40);
  it.each([
    ['an empty body', 'agents', `${slow}!`, ''],
    ['a body of one byte', 'agents', `${slow}!`, '1'],
    ['a small body', 'agents', `${slow}!`, '{"a":1}'],
    ['an empty body and a long header', 'trails', 'a-'.repeat(4000), ''],
  ])('over a header is broken off beside %s', async (_, hook, agent, body) => {
    const answer = await send(hook, body, 'application/json', { 'User-Agent': agent });
    expect([answer.status, answer.body.error]).toEqual([400, 'validation failed']);
    expect((await newest()).detail).toMatch(/took longer than 250 ms/);
  });

  it('takes what it takes at once', async () => {
    expect((await send('mail', '{"from":"ada@example.com"}')).status).toBe(202);
    expect((await send('words', '{"text":"two words"}')).status).toBe(202);
    expect((await send('words', '{"text":"!"}')).status).toBe(400);
  });
});

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Verify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { type Answer, startGateway, type TestGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const secret = 'correct horse battery staple';
const key = `whsec_${Buffer.from(secret).toString('base64')}`;
const quiet = { deliver: false, updateMainSession: 'blocked', messageTemplate: 'Look at {{payload}}' };
const verified = (verify: Verify, path: string = verify.scheme) => ({ id: path, match: { path }, verify, ...quiet });

const schemes: readonly { verify: Verify; payload?: (id: string, now: number) => object }[] = [
  { verify: { scheme: 'github', secret } },
  { verify: { scheme: 'gitlab', secret } },
  { verify: { scheme: 'gitea', secret } },
  { verify: { scheme: 'stripe', secret }, payload: (id) => ({ id }) },
  { verify: { scheme: 'slack', secret }, payload: (id) => ({ event_id: id }) },
  { verify: { scheme: 'shopify', secret } },
  { verify: { scheme: 'linear', secret }, payload: (_, now) => ({ webhookTimestamp: now }) },
  { verify: { scheme: 'sentry', secret } },
  { verify: { scheme: 'pagerduty', secret }, payload: (id) => ({ event: { id } }) },
  { verify: { scheme: 'standard-webhooks', secret: key } },
  { verify: { scheme: 'hookdeck', secret } },
  { verify: { scheme: 'hmac', secret, header: 'X-Sig', idHeader: 'X-Id' } },
  { verify: { scheme: 'token', secret, header: 'X-Key', idHeader: 'X-Id' } },
  { verify: { scheme: 'basic', secret, user: 'shop', idHeader: 'X-Id' } },
];

const transforms = {
  'skip.js': 'export default ({ payload }) => (payload.skip ? null : {});',
  'fail.js': 'export default ({ payload }) => { if (payload.fail) throw new Error("no"); return {}; };',
};
const transformed = (name: string) => ({
  id: name,
  match: { path: name },
  ...quiet,
  transform: { module: `${name}.js` },
});
const config = {
  hooks: {
    mappings: [
      ...schemes.map(({ verify }) => verified(verify)),
      verified({ scheme: 'github', secret }, 'other'),
      { id: 'open', match: { path: 'door', source: 'front' }, ...quiet },
      { id: 'wake', match: { path: 'bell' }, action: 'wake', textTemplate: '{{where}}' },
      { id: 'batch', match: { path: 'batch' }, forEach: 'items', ...quiet },
      { id: 'once', match: { path: 'mails' }, forEach: 'mails', dedupeKey: 'mail {{mails[0].id}}', ...quiet },
      transformed('skip'),
      transformed('fail'),
    ],
  },
};
function prepare(dir: string): void {
  fs.mkdirSync(path.join(dir, 'transforms'));
  for (const [name, source] of Object.entries(transforms)) fs.writeFileSync(path.join(dir, 'transforms', name), source);
}
const gateway = await tempGateway(config, prepare);

let ids = 0;
const newKey = () => {
  ids += 1;
  return `key-${ids}`;
};
const agent = (message: string, key: string, to = gateway) =>
  to.post('agent', { message, deliver: false, wakeMode: 'next-heartbeat' }, { 'Idempotency-Key': key });
const total = async (to = gateway): Promise<number> => (await to.get('runs/stats')).body.stats.total;
const newest = async (to = gateway) => (await to.api('GET', '/events?limit=1')).body.events[0];
const replayed = ({ headers }: Answer) => headers.get('Idempotent-Replayed');

/** How many runs `work` makes. */
async function runsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await total();
  await work();
  return (await total()) - before;
}

describe('the id of a delivery belongs to who signed it', () => {
  const secretOf = (name: string) => `the signing secret of ${name}`;
  const stripe = (id: string, verify: Partial<Verify>) => ({
    id,
    match: { path: 'payments' },
    verify: { scheme: 'stripe', ...verify } as Verify,
    ...quiet,
  });
  const call = (to: TestGateway, name: string, body: object, id = 'x') => {
    const json = JSON.stringify(body);
    const verify = (
      name.includes('@') ? { scheme: 'token', header: 'X-Key', idHeader: 'X-Id' } : { scheme: 'stripe' }
    ) as Verify;
    const headers = createVerifier({ ...verify, secret: secretOf(name) }).sign?.(Buffer.from(json), {
      id,
      now: Date.now(),
    });
    return fetch(`${to.url}/hooks/${name.includes('@') ? 'notes' : 'payments'}`, {
      method: 'POST',
      headers: headers ?? {},
      body: json,
    });
  };
  const runIdOf = async (answer: Response): Promise<string> => ((await answer.json()) as { runId: string }).runId;

  it.each([
    [
      'two mappings, each with a secret',
      [stripe('a', { secret: secretOf('a') }), stripe('b', { secret: secretOf('b') })],
    ],
    ['one mapping with two secrets', [stripe('both', { secrets: [secretOf('a'), secretOf('b')] })]],
  ])('%s: the same id of two accounts is two runs, and of one account one', async (_, mappings) => {
    const both = await tempGateway({ hooks: { mappings } });
    const ids = [];
    for (const name of ['a', 'b', 'a', 'b']) {
      const answer = await call(both, name, { id: 'evt_777' });
      expect(answer.status).toBe(202);
      ids.push(await runIdOf(answer));
    }
    expect(new Set(ids).size).toBe(2);
    expect([ids[2], ids[3]]).toEqual([ids[0], ids[1]]);
  });

  it('an id that is not signed is its sender’s all the same', async () => {
    const verify = { scheme: 'token', header: 'X-Key', idHeader: 'X-Id', secrets: [secretOf('@a'), secretOf('@b')] };
    const notes = await tempGateway({ hooks: { mappings: [{ id: 'n', match: { path: 'notes' }, verify, ...quiet }] } });
    const ids = [];
    for (const name of ['@a', '@b', '@a']) ids.push(await runIdOf(await call(notes, name, { text: 'hi' }, 'n1')));
    expect(new Set(ids).size).toBe(2);
    expect(ids[2]).toBe(ids[0]);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the first answer again, says so, and starts nothing a second time', async () => {
    const key = newKey();
    let answers: Answer[] = [];
    expect(
      await runsOf(async () => {
        answers = [await agent('hi', key), await agent('hi', key), await agent('hi', key)];
      }),
    ).toBe(1);
    const [first, ...others] = answers;
    expect(first?.status).toBe(202);
    expect(first && replayed(first)).toBeNull();
    for (const other of others) {
      expect(other.status).toBe(202);
      expect(other.body).toEqual(first?.body);
      expect(replayed(other)).toBe('true');
    }
    expect(await newest()).toMatchObject({
      outcome: 'duplicate',
      mapping: 'builtin:agent',
      status: 202,
      detail: `the same as event ${first?.body.eventId}`,
      answer: first?.body,
    });
  });

  it('with another body is refused with 422, and recorded', async () => {
    const key = newKey();
    await agent('hi', key);
    let other: Answer | undefined;
    expect(
      await runsOf(async () => {
        other = await agent('something else', key);
      }),
    ).toBe(0);
    expect(other).toMatchObject({ status: 422, body: { ok: false, error: expect.stringContaining('another body') } });
    expect(other && replayed(other)).toBeNull();
    expect(await newest()).toMatchObject({ eventId: other?.body.eventId, outcome: 'invalid', status: 422 });
    expect((await agent('hi', key)).status).toBe(202);
  });

  it.each(['?to=b', '', '?to=a&to=b', '?to=a&more=1'])(
    'with the same body and another query is refused with 422, as with another body: %s',
    async (query) => {
      const headers = { 'Idempotency-Key': newKey() };
      const first = await gateway.post('door?to=a', { source: 'front' }, headers);
      expect(first.status).toBe(202);
      const other = await gateway.post(`door${query}`, { source: 'front' }, headers);
      expect(other).toMatchObject({
        status: 422,
        body: { ok: false, code: 'key-reused', error: expect.stringContaining('another query') },
      });
      expect((await newest()).detail).toMatch(/with another query/);
      const again = await gateway.post('door?to=a', { source: 'front' }, headers);
      expect([again.body, replayed(again)]).toEqual([first.body, 'true']);
    },
  );

  it('of a query that cannot be read tells its bytes apart', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const [one, other, again] = [
      await gateway.post('door?to=K%F6ln', { source: 'front' }, headers),
      await gateway.post('door?to=K%E4ln', { source: 'front' }, headers),
      await gateway.post('door?to=K%F6ln', { source: 'front' }, headers),
    ];
    expect([one.status, replayed(other), replayed(again)]).toEqual([202, null, 'true']);
  });

  it('counts within its hook alone', async () => {
    const key = newKey();
    const headers = { 'Idempotency-Key': key };
    const body = { text: 'a line', message: 'a line', deliver: false, mode: 'next-heartbeat' };
    const [wake, run] = [await gateway.post('wake', body, headers), await gateway.post('agent', body, headers)];
    expect([wake.status, run.status]).toEqual([200, 202]);
    expect(replayed(run)).toBeNull();
    const again = await gateway.post('wake', body, headers);
    expect(again).toMatchObject({ status: 200, body: wake.body });
    expect(replayed(again)).toBe('true');
  });

  it('makes one run of fifty calls at the same instant, and one answer', async () => {
    const key = newKey();
    let answers: Answer[] = [];
    expect(
      await runsOf(async () => {
        answers = await Promise.all(Array.from({ length: 50 }, () => agent('at once', key)));
      }),
    ).toBe(1);
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1);
  });

  it('is remembered across a restart', async () => {
    const dir = tempDir();
    const [key, other] = [newKey(), newKey()];
    const first = await startGateway(dir);
    const answer = await agent('hi', key, first);
    await first.stop();
    const second = await startGateway(dir);
    const again = await agent('hi', key, second);
    expect(again.body).toEqual(answer.body);
    expect(replayed(again)).toBe('true');
    expect(await total(second)).toBe(1);
    await agent('hi', other, second);
    expect(await total(second)).toBe(2);
    await second.stop();
  });

  it('of 256 characters works, one of 257 is refused, and an empty one is none', async () => {
    const long = 'k'.repeat(256);
    expect((await agent('hi', long)).status).toBe(202);
    expect(replayed(await agent('hi', long))).toBe('true');
    expect(await agent('hi', `${long}k`)).toMatchObject({
      status: 400,
      body: { ok: false, code: 'unreadable', error: 'Idempotency-Key has 257 characters; at most 256 are taken' },
    });
    expect(
      await runsOf(async () => {
        await agent('hi', '');
        await agent('hi', '');
      }),
    ).toBe(2);
  });

  it('of a batch gives every run of the first answer again', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const body = { items: [1, 2, 3] };
    const [first, again] = [await gateway.post('batch', body, headers), await gateway.post('batch', body, headers)];
    expect(first.body.runIds).toHaveLength(3);
    expect(again.body).toEqual(first.body);
  });

  it('of a wake makes one line', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    for (let call = 0; call < 3; call += 1) await gateway.post('bell', { where: 'the garden gate' }, headers);
    const beat = await eventualBeat(gateway, 'the garden gate');
    expect(beat.split('the garden gate')).toHaveLength(2);
  });

  it.each([
    ['was invalid', 'agent', { message: '' }, { message: 'hi', deliver: false }, 400],
    ['matched nothing', 'door', { source: 'back' }, { source: 'front' }, 204],
    ['failed in its transform', 'fail', { fail: true }, { fail: false }, 500],
  ])('of a call that %s is free again', async (_, hook, bad, good, status) => {
    const headers = { 'Idempotency-Key': newKey() };
    expect((await gateway.post(hook, bad, headers)).status).toBe(status);
    const answer = await gateway.post(hook, good, headers);
    expect(answer.status).toBe(202);
    expect(replayed(answer)).toBeNull();
  });

  it('of a call that a transform skipped is remembered', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const [first, again] = [
      await gateway.post('skip', { skip: true }, headers),
      await gateway.post('skip', { skip: true }, headers),
    ];
    expect([first.status, again.status]).toEqual([204, 204]);
    expect([replayed(first), replayed(again)]).toEqual([null, 'true']);
    expect(await newest()).toMatchObject({ outcome: 'duplicate', status: 204, answer: null });
  });
});

async function eventualBeat(to: TestGateway, text: string): Promise<string> {
  for (;;) {
    const beat = (await to.beats()).find(({ prompt }) => prompt.includes(text));
    if (beat) return beat.prompt;
  }
}

/** The request that a sender of this scheme makes. */
function delivery(verify: Verify, payload: object, id: string, now = Date.now()) {
  const body = JSON.stringify(payload);
  const { authorization: Authorization = '', ...headers } =
    createVerifier(verify).sign?.(Buffer.from(body), { id, now }) ?? {};
  return (hook: string = verify.scheme, more: Record<string, string> = {}) =>
    gateway.post(hook, body, { Authorization, ...headers, ...more });
}

describe.each(schemes)('a delivery of $verify.scheme', ({ verify, payload = () => ({}) }) => {
  it('is acted on once, however often and however late it is sent again', async () => {
    const id = newKey();
    const answers: Answer[] = [];
    const made = await runsOf(async () => {
      // A retry may be signed anew, with another time.
      for (const now of [Date.now(), Date.now() - 20_000])
        answers.push(await delivery(verify, { ...payload(id, now), text: 'hi' }, id, now)());
    });
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(made).toBe(1);
    expect(answers.map(replayed)).toEqual([null, 'true']);
    expect(answers[1]?.body).toEqual(answers[0]?.body);
  });

  it('is another one with another id', async () => {
    const [a, b] = [newKey(), newKey()];
    const now = Date.now();
    const made = await runsOf(async () => {
      await delivery(verify, payload(a, now), a)();
      await delivery(verify, payload(b, now), b)();
    });
    expect(made).toBe(2);
  });
});

describe.each(schemes)('a delivery of $verify.scheme that somebody sends again', ({ verify, payload = () => ({}) }) => {
  it('is the same with another query or charset, since neither is signed', async () => {
    const id = newKey();
    const now = Date.now();
    const send = delivery(verify, { ...payload(id, now), text: 'Köln' }, id, now);
    const made = await runsOf(async () => {
      await send();
      for (const query of ['?a=1', '?a=%ff', '?a[b=1', '?a=1&a[b]=2', '?&&']) {
        expect([query, replayed(await send(verify.scheme + query))]).toEqual([query, 'true']);
      }
      for (const charset of ['x-foo', 'iso-8859-1', 'utf-7', 'koi8-r', '"utf-8"', 'ascii']) {
        const answer = await send(verify.scheme, { 'Content-Type': `application/json; charset=${charset}` });
        expect([charset, replayed(answer)]).toEqual([charset, 'true']);
      }
    });
    expect(made).toBe(1);
  });

  it('is the same though its bytes are no UTF-8', async () => {
    const id = newKey();
    const now = Date.now();
    const bytesOf = (text: string) => Buffer.from(JSON.stringify({ ...payload(id, now), text }), 'latin1');
    const send = (text: string, type: string) => {
      const body = bytesOf(text);
      const { authorization: Authorization = '', ...headers } = createVerifier(verify).sign?.(body, { id, now }) ?? {};
      return gateway.post(verify.scheme, body, { Authorization, ...headers, 'Content-Type': type });
    };
    const made = await runsOf(async () => {
      await send('K\xf6ln', 'application/json; charset=iso-8859-1');
      for (const type of ['application/json', 'application/json; charset=x-foo', 'application/json; charset=koi8-r'])
        expect([type, replayed(await send('K\xf6ln', type))]).toEqual([type, 'true']);
      expect(replayed(await send('K\xe4ln', 'application/json'))).toBeNull();
    });
    expect(made).toBe(2);
  });
});

it('a signed delivery whose bytes mean something in their charset alone is one, whatever charset is said', async () => {
  const id = newKey();
  // The last byte of the character is a backslash to who does not know that it is one.
  const body = Buffer.concat([Buffer.from(`{"id":"${id}","text":"`), Buffer.from([0x95, 0x5c]), Buffer.from('"}')]);
  const headers = createVerifier({ scheme: 'stripe', secret }).sign?.(body, { id, now: Date.now() }) ?? {};
  const send = (charset: string) =>
    gateway.post('stripe', body, { ...headers, 'Content-Type': `application/json; charset=${charset}` });
  const made = await runsOf(async () => {
    expect(replayed(await send('shift_jis'))).toBeNull();
    for (const charset of ['shift_jis', 'sjis', 'windows-31j']) expect(replayed(await send(charset))).toBe('true');
  });
  expect(made).toBe(1);
});

describe('the delivery id of a scheme', () => {
  it('counts within its hook alone', async () => {
    const send = delivery({ scheme: 'github', secret }, {}, newKey());
    expect(await runsOf(() => Promise.all([send('github'), send('other')]))).toBe(2);
  });

  it('that is signed stands for its delivery, though a later attempt says a little more', async () => {
    const id = newKey();
    const stripe: Verify = { scheme: 'stripe', secret };
    const made = await runsOf(async () => {
      await delivery(stripe, { id, pending_webhooks: 1 }, id)();
      expect(replayed(await delivery(stripe, { id, pending_webhooks: 2 }, id)())).toBe('true');
    });
    expect(made).toBe(1);
  });

  it('that is not signed cannot keep another body out', async () => {
    const id = newKey();
    const github: Verify = { scheme: 'github', secret };
    const made = await runsOf(async () => {
      await delivery(github, { n: 1 }, id)();
      await delivery(github, { n: 2 }, id)();
    });
    expect(made).toBe(2);
  });

  it('goes before an Idempotency-Key, which a scheme does not sign', async () => {
    const send = delivery({ scheme: 'github', secret }, {}, newKey());
    const made = await runsOf(async () => {
      await send('github', { 'Idempotency-Key': newKey() });
      expect(replayed(await send('github', { 'Idempotency-Key': newKey() }))).toBe('true');
      await delivery({ scheme: 'github', secret }, {}, newKey())('github', { 'Idempotency-Key': 'the same' });
      await delivery({ scheme: 'github', secret }, {}, newKey())('github', { 'Idempotency-Key': 'the same' });
    });
    expect(made).toBe(3);
  });
});

describe('the dedupeKey of a mapping', () => {
  const mails = (...list: unknown[]) => gateway.post('mails', { mails: list.map((id) => ({ id })) });

  it('leaves out the elements that were here before, and says so', async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const first = await mails(a, b);
    expect(first.body.runIds).toHaveLength(2);
    const second = await mails(b, c, a);
    expect(second.status).toBe(202);
    expect(second.body.runIds).toBeUndefined();
    expect(first.body.runIds).not.toContain(second.body.runId);
    expect(await newest()).toMatchObject({ outcome: 'accepted', detail: '2 of 3 were here before' });
    const run = (await gateway.api('GET', `/runs/${second.body.runId}`)).body.run;
    expect(run.action.each).toEqual({ key: 'mails', index: 1 });
  });

  it('makes a duplicate of an event with nothing new in it', async () => {
    const [a, b] = [newKey(), newKey()];
    const first = await mails(a, b);
    const again = await mails(b, a);
    expect(again.body).toEqual(first.body);
    expect(replayed(again)).toBe('true');
    expect(await newest()).toMatchObject({ outcome: 'duplicate' });
  });

  it('counts equal elements of one batch once', async () => {
    const a = newKey();
    expect(await runsOf(() => mails(a, a, a))).toBe(1);
  });

  it('that renders empty tells nothing apart, so all are acted on', async () => {
    expect(await runsOf(() => mails(undefined, null, ''))).toBe(3);
  });

  it('may be of any length', async () => {
    const long = newKey().padEnd(100_000, 'x');
    expect(
      await runsOf(async () => {
        await mails(long);
        await mails(long);
        await mails(`${long}y`);
      }),
    ).toBe(2);
  });
});

it('a replay is no repetition, and leaves the keys as they are', async () => {
  const headers = { 'Idempotency-Key': newKey() };
  const body = { mails: [{ id: newKey() }] };
  const first = await gateway.post('mails', body, headers);
  const replay = () => gateway.api('POST', `/events/${first.body.eventId}/replay`);
  expect(
    await runsOf(async () => {
      expect((await replay()).body).toMatchObject({ outcome: 'accepted', status: 202 });
      expect((await replay()).body).toMatchObject({ outcome: 'accepted', status: 202 });
    }),
  ).toBe(2);
  expect((await gateway.post('mails', body, headers)).body).toEqual(first.body);
});

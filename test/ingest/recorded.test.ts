import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { tempGateway } from '../support/temp-gateway.ts';

const transforms = {
  'skip.js': 'export default () => null;',
  'fail.js': 'export default () => { throw new Error("the moon is full"); };',
  'loop.js': 'export default () => { for (;;); };',
  'junk.js': 'export default () => 5;',
};
const transform = (name: keyof typeof transforms, more: object = {}) => ({
  id: name,
  match: { path: name },
  messageTemplate: 'x',
  transform: { module: name, ...more },
});
const close = (id: string, payload: object) => ({ id, match: { path: 'close', payload }, messageTemplate: 'x' });
const gateway = await tempGateway(
  {
    hooks: {
      mappings: [
        { id: 'front', match: { path: 'door', source: 'front' }, messageTemplate: '{{who}}', deliver: false },
        { id: 'oak', match: { path: 'door', headers: { 'X-Door': 'oak' } }, action: 'wake', textTemplate: '{{who}}' },
        {
          id: 'batch',
          match: { path: 'batch' },
          forEach: 'items',
          messageTemplate: '{{items[0].name}}',
          deliver: false,
        },
        close('far', { a: 2, b: 2, c: 2 }),
        close('closer', { a: 1, b: 2, c: 2 }),
        close('closest', { a: 1, b: 1, c: 1 }),
        ...Array.from({ length: 25 }, (_, at) => close(`far${at}`, { a: 2 })),
        transform('skip.js'),
        transform('fail.js'),
        transform('loop.js', { timeoutMs: 200 }),
        transform('junk.js'),
      ],
    },
  },
  (dir) => {
    fs.mkdirSync(path.join(dir, 'transforms'));
    for (const [name, source] of Object.entries(transforms))
      fs.writeFileSync(path.join(dir, 'transforms', name), source);
  },
);

const newest = async () => {
  const { events } = (await gateway.api('GET', '/events?limit=1')).body;
  return (await gateway.api('GET', `/events/${events[0].eventId}`)).body.event;
};
const countRuns = async (): Promise<number> => (await gateway.get('runs/stats')).body.stats.total;

const manyItems = Array.from({ length: 201 }, () => ({ name: 'a' }));
const nothingFits = /^front: match\.source: wanted "front", found "back"; oak: .*"oak".*nothing$/;

it.each([
  ['a name that no mapping has', 'nobody', {}, 404, 'filtered', null, 'no mapping has this name'],
  ['no mapping that fits', 'door', { source: 'back' }, 204, 'filtered', null, nothingFits],
  ['an empty message', 'door', { source: 'front' }, 400, 'invalid', 'front', 'hook mapping requires message'],
  ['a batch with a bad element', 'batch', { items: [{ name: 'a' }, {}] }, 400, 'invalid', 'batch', /^items\[1\]: /],
  ['no batch', 'batch', { items: 'none' }, 400, 'invalid', 'batch', /no array "items"/],
  ['a batch of 201', 'batch', { items: manyItems }, 400, 'invalid', 'batch', /201 elements/],
  ['an empty batch', 'batch', { items: [] }, 204, 'skipped', 'batch', 'there is nothing in the batch'],
  ['a wake without text', 'wake', {}, 400, 'invalid', 'builtin:wake', 'text required'],
  ['an unknown channel', 'agent', { message: 'x', channel: 'sms' }, 400, 'invalid', 'builtin:agent', /channel/],
  ['a transform that says null', 'skip.js', {}, 204, 'skipped', 'skip.js', 'the transform said null'],
  ['a transform that throws', 'fail.js', {}, 500, 'failed', 'fail.js', /the moon is full/],
  ['a transform that does not end', 'loop.js', {}, 500, 'failed', 'loop.js', /200 ms/],
  ['a transform that gives no patch', 'junk.js', {}, 500, 'failed', 'junk.js', /junk\.js/],
])('%s leads to no action, and the event says why', async (_, hook, payload, status, outcome, mapping, detail) => {
  const before = await countRuns();
  const answer = await gateway.post(hook, payload);
  expect(answer.status).toBe(status);
  const event = await newest();
  expect(event).toMatchObject({ hook, outcome, mapping, body: JSON.stringify(payload), answer: answer.body });
  if (typeof detail === 'string') expect(event.detail).toBe(detail);
  else expect(event.detail).toMatch(detail);
  if (status === 204) expect(answer.body).toBeNull();
  else
    expect(answer.body).toEqual({
      ok: false,
      code: expect.any(String),
      error: expect.any(String),
      eventId: event.eventId,
      ...detailsOf(answer),
    });
  expect(await countRuns()).toBe(before);
  expect(await gateway.jobs()).toEqual({ queued: 0, waiting: 0, running: 0, dead: 0 });
});

const detailsOf = ({ body }: { body: { details?: unknown } }) => (body.details ? { details: expect.any(Array) } : {});

it('where none fits, the mapping that came closest is told first and whole, then the others', async () => {
  const answer = await gateway.post('close', { a: 1, b: 1, c: 3 });
  expect(answer.status).toBe(204);
  const reasons = (await newest()).detail.split('; ');
  expect(reasons).toHaveLength(21);
  expect(reasons.slice(0, 4)).toEqual([
    'closest: match.payload.c: wanted 1, found 3',
    'closer: match.payload.b: wanted 2, found 1',
    'far: match.payload.a: wanted 2, found 1',
    'far0: match.payload.a: wanted 2, found 1',
  ]);
  expect(reasons.at(-1)).toBe('and 8 more');
  const { events } = (await gateway.api('GET', '/events?hook=close')).body;
  expect(events[0].detail).toBe(reasons.join('; '));
});

it('what a transform threw is for its owner, not for the caller', async () => {
  const { body } = await gateway.post('fail.js', {});
  expect(JSON.stringify(body)).not.toContain('moon');
});

it('the log names each event that led to no action, and says nothing of what was in it', async () => {
  const { eventId } = (await gateway.post('nobody', { diary: 'dear diary' })).body;
  expect(gateway.logs).toContainEqual(expect.objectContaining({ eventId, hook: 'nobody', outcome: 'filtered' }));
  expect(JSON.stringify(gateway.logs)).not.toContain('dear diary');
});

it('a batch answers with the id of every run, in order, and with one id alone for one element', async () => {
  const { status, body } = await gateway.post('batch', { items: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] });
  expect({ status, body }).toMatchObject({ status: 202, body: { ok: true, runId: body.runIds[0] } });
  const runs = await Promise.all(body.runIds.map((id: string) => gateway.ended(id)));
  expect(runs.map((run) => /"(\w)"/.exec(run.prompt)?.[1])).toEqual(['a', 'b', 'a']);
  expect(new Set(runs.map((run) => run.sessionKey)).size).toBe(3);
  const one = (await gateway.post('batch', { items: [{ name: 'a' }] })).body;
  expect(Object.keys(one)).toEqual(['ok', 'runId', 'eventId']);
});

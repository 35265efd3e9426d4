import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { InvalidEvent, TransformError } from '../../../src/domain/errors.ts';
import { resolveIn } from '../../../src/domain/event.ts';
import { plain } from '../../../src/domain/text/text.ts';
import type { TransformSpec } from '../../../src/mapping/transform/transform.ts';
import { contextOf } from '../fixtures.ts';
import { transformFolders } from '../transform-folders.ts';

const folders = transformFolders();

/** One folder with one module, loaded, ready to be called. */
async function module(source: string, spec: Partial<TransformSpec> = {}) {
  const { transforms, run } = folders.make({ 'a.ts': source });
  const whole = { module: 'a.ts', ...spec };
  expect(await transforms.check([whole], true)).toEqual([null]);
  return (payload?: unknown, body?: string) => run(whole, payload, body);
}

const results: readonly (readonly [title: string, body: string, expected: unknown])[] = [
  ['null to skip', 'return null', null],
  ['undefined to change nothing', 'return', undefined],
  ['an empty object to change nothing', 'return {}', {}],
  ['fields', 'return { deliver: false, wakeMode: undefined }', { deliver: false }],
  ['an action', 'return { action: "wake", text: "up" }', { action: 'wake', text: [{ path: 'text', value: 'up' }] }],
  ['a message, which is data', 'return { message: "Do" }', { message: [{ path: 'message', value: 'Do' }] }],
];

const failures: readonly (readonly [title: string, body: string, message: string])[] = [
  ['throws', 'throw new Error("boom")', 'transform a.ts: boom ('],
  ['throws no Error', 'throw "boom"', 'transform a.ts: boom'],
  ['returns text', 'return "x"', 'transform a.ts: it returned a string; wanted an object with the fields to change'],
  ['returns a list', 'return []', 'it returned an array'],
  ['returns a bare prompt', 'return ctx.prompt`x`', 'it returned a prompt'],
  ['names an unknown field', 'return { mesage: "x" }', 'transform a.ts: mesage: unknown key; did you mean "message"?'],
  ['would switch safety off', 'return { allowUnsafeExternalContent: true }', 'can be set in the mapping only'],
  ['would give its run tools', 'return { tools: ["bash"] }', 'transform a.ts: tools can be set in the mapping only'],
  ['lets a payload name fields', 'return JSON.parse(\'{"__proto__": 1}\')', 'transform a.ts: __proto__: unknown key'],
  ['puts a prompt in the wrong place', 'return { to: ctx.prompt`x` }', 'transform a.ts: to cannot be a prompt'],
  ['calls prompt with brackets', 'return { message: ctx.prompt("x" + ctx.path) }', 'ctx.prompt is a template tag'],
  ['joins prompts', 'return { message: ctx.prompt`x` + "y" }', 'a prompt cannot be joined with other text'],
  ['ends its thread', 'process.exit(3)', 'transform a.ts: ended its thread with process.exit(3)'],
];

const invalid: readonly (readonly [body: string, message: string])[] = [
  ['return { message: {} }', 'message: expected'],
  ['return { message: ctx.payload.forged }', 'message: expected'],
  ['globalThis.kept ??= ctx.prompt`x`; return { message: Object.create(globalThis.kept) }', 'message: expected'],
  ['return { text: ["x"] }', 'text: expected'],
  ['const a = {}; a.name = a; return a', 'name: expected'],
  ['return { channel: "sms" }', 'channel: expected'],
  ['return { action: "workflow" }', 'action: expected'],
  ['return { timeoutSeconds: 0 }', 'timeoutSeconds: expected'],
];

describe('what a transform returns', () => {
  // One module for all of these, since each folder has threads of its own.
  const bodies = [...results, ...failures].map(([, body]) => body).concat(invalid.map(([body]) => body));
  const { transforms, run } = folders.make({
    'a.ts': bodies.map((body, at) => `export const case${at} = (ctx) => { ${body} };`).join('\n'),
  });
  const specOf = (body: string) => ({ module: 'a.ts', export: `case${bodies.indexOf(body)}` });
  beforeAll(async () => {
    expect(await transforms.check(bodies.map(specOf), true)).toEqual(bodies.map(() => null));
  });

  it.each(results)('may be %s', async (_, body, expected) => {
    expect(await run(specOf(body))).toEqual(expected);
  });

  it.each(failures)('fails its event where it %s', async (_, body, message) => {
    const call = run(specOf(body));
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toThrow(TransformError);
  });

  it.each(invalid)('makes its event invalid: %s', async (body, message) => {
    const call = run(specOf(body), { forged: ['Obey', { path: 'value1', value: 'x' }] });
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toThrow(InvalidEvent);
  });
});

describe('a transform', () => {
  it('is given the event, and the body byte by byte', async () => {
    const run = await module(`
      import { createHmac } from 'node:crypto';
      export default async ({ payload, headers, query, path, rawBody }) => ({
        name: [payload.a, headers['x-a'], query.q, path].join(' '),
        to: createHmac('sha256', 'secret').update(rawBody).digest('hex'),
      });`);
    const body = '{ "a" : 1 }\n';
    const to = createHmac('sha256', 'secret').update(body).digest('hex');
    expect(await run({ a: 1 }, body)).toEqual({ name: '1 1 2 shop', to });
  });

  it('that throws has its line told', async () => {
    const call = (await module('const a = 1;\n\nexport default () => {\n  throw new Error("boom");\n};'))();
    await expect(call).rejects.toThrow(/^transform a\.ts: boom \(.*a\.ts:4\)$/);
  });

  it('that changes its payload changes nothing outside', async () => {
    const run = await module('export default ({ payload }) => { payload.list.push(1); payload.a = 2; };');
    const payload = { a: 1, list: [] };
    await run(payload);
    expect(payload).toEqual({ a: 1, list: [] });
  });

  it('that loops for ever costs one event, not the gateway', async () => {
    const run = await module('export default ({ payload }) => { while (payload.loop); return {}; };', {
      timeoutMs: 50,
    });
    const message = 'transform a.ts: took longer than 50 ms and was stopped';
    await expect(run({ loop: true })).rejects.toThrow(new TransformError(message));
    expect(await run()).toEqual({});
  });

  it('does not pay for those that are waited for before it', async () => {
    const source = 'export default ({ payload }) => (payload.wait ? new Promise(() => {}) : {});';
    const run = await module(source, { timeoutMs: 50 });
    const waiting = Array.from({ length: 6 }, () => run({ wait: true }));
    const good = run();
    for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
    expect(await good).toEqual({});
  });

  it('that takes all memory costs one event, not the gateway', async () => {
    const run = await module(`export default ({ payload }) => {
      const all = [];
      while (payload.eat) all.push(new Array(1e5).fill(1));
    };`);
    const message = 'transform a.ts: needed more than 128 MB of memory';
    await expect(run({ eat: true })).rejects.toThrow(new TransformError(message));
    expect(await run()).toBeUndefined();
  });

  it('that forgets a promise spoils no other event', async () => {
    const run = await module(`export default ({ payload }) => {
      if (!payload.forget) return new Promise((done) => setImmediate(() => done({})));
      Promise.reject(new Error('a promise that a test forgot'));
    };`);
    await run({ forget: true });
    expect(await run()).toEqual({});
  });
});

describe('ctx.prompt', () => {
  async function messageOf(expression: string, payload: unknown = {}) {
    const patch = await (await module(`export default ({ payload, prompt }) => ({ message: ${expression} });`))(
      payload,
    );
    return patch?.message ?? [];
  }

  it('keeps the literal text as the owner’s and each value as data', async () => {
    const payload = { title: 'x', by: { login: 'ada' } };
    expect(await messageOf('prompt`Review ${payload.title} of ${payload.by}.`', payload)).toEqual([
      'Review ',
      { path: 'value1', value: 'x' },
      ' of ',
      { path: 'value2', value: '{"login":"ada"}' },
      '.',
    ]);
  });

  it('takes prompts and lists of prompts in prompts', async () => {
    const expression = 'prompt`All:${payload.list.map((item) => prompt`\\n- ${item}`)}${prompt`\\nEnd ${0}`}`';
    expect(await messageOf(expression, { list: ['a', 'b'] })).toEqual([
      'All:',
      '\n- ',
      { path: 'value1', value: 'a' },
      '\n- ',
      { path: 'value2', value: 'b' },
      '\nEnd ',
      { path: 'value3', value: '0' },
    ]);
  });

  it('shows nothing for what is nothing, even where the event has a field of that name', async () => {
    const text = await messageOf('prompt`a${undefined}${null}${""}${[]}${{ toJSON() {} }}b`');
    expect(plain(text, resolveIn(contextOf({ value1: 'taken' })))).toBe('ab');
  });
});

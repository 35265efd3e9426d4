import { beforeAll, describe, expect, it } from '@jest/globals';
import { TransformError } from '../../../src/domain/errors.ts';
import type { TransformLine } from '../../../src/mapping/transform/call.ts';
import { eventually } from '../../support/eventually.ts';
import { transformFolders } from '../transform-folders.ts';

const folders = transformFolders();

const failures: readonly (readonly [title: string, body: string, reason: RegExp])[] = [
  ['throws', 'throw new Error("boom")', /^boom \(.*a\.ts:2\)$/],
  ['rejects', 'return Promise.reject(new TypeError("boom"))', /^boom \(.*a\.ts:\d+\)$/],
  ['throws text', 'throw "boom"', /^boom$/],
  ['throws null', 'throw null', /^threw null, which is no Error$/],
  ['throws nothing', 'throw undefined', /^threw undefined, which is no Error$/],
  ['throws a frozen object', 'throw Object.freeze({ why: "it" })', /^threw \{ why: 'it' \}, which is no Error$/],
  [
    'throws what cannot be shown',
    'throw { toString() { throw 1; }, [Symbol.toPrimitive]() { throw 2; } }',
    /^threw \{/,
  ],
  ['throws a hostile proxy', 'throw new Proxy({}, { get() { throw 1; }, ownKeys() { throw 2; } })', /^threw /],
  [
    'throws an error that hides its words',
    'throw Object.defineProperty(new Error(), "message", { get() { throw 1; } })',
    /^threw an Error whose message cannot be read/,
  ],
  [
    'throws an error that hides its stack',
    'throw Object.defineProperty(new Error("boom"), "stack", { get() { throw 1; } })',
    /^boom$/,
  ],
  ['throws an error without words', 'throw new RangeError()', /^RangeError \(/],
  ['throws a long error', 'throw new Error("é".repeat(6e6))', /^é{1000}… \(6000000 characters\) \(.*a\.ts:\d+\)$/],
  [
    'throws an error with a cause',
    'throw new Error("fetch failed", { cause: new Error("refused") })',
    /^fetch failed: refused \(/,
  ],
  ['throws words that look like a place', 'throw new Error("x\\n    at file:///etc/passwd:7")', /a\.ts:\d+\)$/],
  ['recurses without end', 'const f = () => f() + 1; return f()', /^Maximum call stack size exceeded \(.*a\.ts:\d+\)$/],
  [
    'throws behind the back of its call',
    'setTimeout(() => { throw new Error("later") }); return new Promise(() => {})',
    /^later \(.*a\.ts:\d+\)$/,
  ],
  ['never settles', 'return new Promise(() => {})', /^took longer than 300 ms and was stopped$/],
  ['returns a thenable that never settles', 'return { then() {} }', /^took longer than 300 ms/],
  ['returns a thenable that throws', 'return { then() { throw new Error("then") } }', /^then \(/],
  ['ends its thread', 'process.exit(3)', /^ended its thread with process\.exit\(3\)$/],
  [
    'returns a function in a field',
    'return { name: () => 1 }',
    /^name is a function; wanted text, a number, true or false$/,
  ],
  ['returns a symbol', 'return { name: Symbol("x") }', /^name is a symbol; wanted/],
  ['returns a BigInt', 'return { timeoutSeconds: 5n }', /^timeoutSeconds is a bigint; wanted/],
  ['returns a promise in a field', 'return { message: Promise.resolve("x") }', /^message is a promise; await it/],
  ['returns a Map in a field', 'return { message: new Map() }', /^message is a Map; wanted/],
  ['returns a Map', 'return new Map([["message", "x"]])', /^it returned a Map; wanted an object/],
  ['returns a Date', 'return new Date()', /^it returned a Date; wanted an object/],
  ['returns an error', 'return new Error("boom")', /^it returned an Error; .*; throw it to fail the event/],
  ['has a getter that throws', 'return { get name() { throw new Error("get") } }', /^get \(/],
  ['returns a proxy that throws', 'return new Proxy({}, { ownKeys() { throw new Error("keys") } })', /^keys \(/],
];

describe('a transform that', () => {
  const source = failures.map(([, body], at) => `export const case${at} = (ctx) => {\n  ${body};\n};`).join('\n');
  const lines: TransformLine[] = [];
  const { transforms, run } = folders.make({ 'a.ts': source }, { onLine: (line) => lines.push(line) });
  const specOf = (at: number) => {
    const spec = { module: 'a.ts', export: `case${at}` };
    return failures[at]?.[0].includes('never settles') ? { ...spec, timeoutMs: 300 } : spec;
  };
  beforeAll(async () => {
    expect(
      await transforms.check(
        failures.map((_, at) => specOf(at)),
        true,
      ),
    ).toEqual(failures.map(() => null));
  });

  it.each(failures.map(([title, , reason], at) => [title, reason, at] as const))(
    '%s fails its event with the reason, in the log too',
    async (_, reason, at) => {
      const error = await run(specOf(at)).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(TransformError);
      expect(error.message.replace(/^transform a\.ts: /, '')).toMatch(reason);
      const logged = `failed: ${error.message}`;
      expect(lines.find(({ text }) => text === logged)).toEqual({
        level: 'warn',
        text: logged,
        about: { transform: 'a.ts', eventId: 'evt', hook: 'shop', mapping: 'test' },
      });
    },
  );
});

describe('the log of a failed transform', () => {
  it('shows nothing of the payload, whose words the error repeats', async () => {
    const lines: TransformLine[] = [];
    const source = `export default ({ payload, headers }) => {
      if (payload.json) return JSON.parse(payload.json);
      if (payload.field) return { [payload.field]: 1 };
      throw new Error('no rule for "' + payload.card + '" of ' + payload.who.name + ', ' + headers['x-a']);
    };`;
    const { transforms, run } = folders.make({ 'a.js': source }, { onLine: (line) => lines.push(line) });
    await transforms.check([{ module: 'a.js' }], true);
    const fails = (payload: unknown, message: string) =>
      expect(run({ module: 'a.js' }, payload)).rejects.toThrow(message);
    await fails(
      { card: 4929_1234_5678, who: { name: 'Ada Lovelace' } },
      'no rule for "492912345678" of Ada Lovelace, 1',
    );
    await fails({ json: 'my-secret-words' }, '"my-secret-words" is not valid JSON');
    await fails({ field: 'my-secret-field' }, 'my-secret-field: unknown key');
    expect(lines.map(({ text }) => text.replace(/\(.*\)/, '(place)'))).toEqual([
      'failed: transform a.js: no rule for "…" of …, 1 (place)',
      expect.stringMatching(/^failed: transform a\.js: Unexpected token .*"…" is not valid JSON \(place\)$/),
      'failed: transform a.js: it returned a field that no action has',
    ]);
  });

  it('tells the innermost line of the owner’s own files, behind imports and packages', async () => {
    const { transforms, run } = folders.make({
      'a.ts':
        'import { parse } from "./lib/parse.ts";\nexport default (ctx: { payload: unknown }) => parse(ctx.payload);',
      'lib/parse.ts':
        'interface Shape {\n  a: string;\n}\n\nexport function parse(it: unknown): Shape {\n  return new URL("nonsense") as never;\n}',
    });
    await transforms.check([{ module: 'a.ts' }], true);
    await expect(run({ module: 'a.ts' })).rejects.toThrow(/Invalid URL \(.*lib\/parse\.ts:6\)$/);
  });
});

describe('what goes wrong behind the back of a call', () => {
  it('is told with the event it belongs to, and spoils no other one', async () => {
    const lines: TransformLine[] = [];
    const { transforms, run } = folders.make(
      {
        'a.js': `export default ({ payload }) => {
          if (payload.reject) Promise.reject(new Error('nobody waits'));
          if (payload.throw) setTimeout(() => { throw new Error('too late'); });
          if (payload.wait) return new Promise((done) => setTimeout(() => done({ name: 'fine' }), 20));
          return {};
        };`,
      },
      { onLine: (line) => lines.push(line) },
    );
    await transforms.check([{ module: 'a.js' }], true);
    const told = (text: RegExp) => eventually(() => lines.find((line) => text.test(line.text)));
    await run({ module: 'a.js' }, { reject: true });
    expect(await told(/nobody waits/)).toMatchObject({
      level: 'warn',
      text: expect.stringMatching(/^a promise that nobody waited for failed: nobody waits \(.*a\.js:2\)$/),
      about: { eventId: 'evt', hook: 'shop', mapping: 'test' },
    });
    await run({ module: 'a.js' }, { throw: true });
    expect(await run({ module: 'a.js' }, { wait: true })).toEqual({ name: 'fine' });
    expect((await told(/too late/))?.text).toMatch(/^threw after its call had ended: too late \(.*a\.js:3\)$/);
  });
});

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { MappingRule } from '../../src/mapping/settings/mapping-schema.ts';
import type { TransformOptions } from '../../src/mapping/transform/transform.ts';
import { contextOf, mappingOf } from './fixtures.ts';
import { transformFolders } from './transform-folders.ts';

const folders = transformFolders();

/** As many calls as there may be threads. */
const mostThreads = 4;

/**
 * A folder with one module, and a mapping that sends each element of `list` through it. In the module, `mark(name)` adds a
 * line to a file, `marks(name)` counts them, and `until(condition)` waits.
 */
async function batches(
  source: string,
  spec: Partial<MappingRule['transform']> = {},
  options: Partial<TransformOptions> = {},
) {
  const marks = fs.mkdtempSync(path.join(folders.root, 'marks-'));
  const prelude = `import fs from 'node:fs';
    const file = (name) => ${JSON.stringify(marks)} + '/' + name;
    const mark = (name) => fs.appendFileSync(file(name), 'x');
    const marks = (name) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name)).length : 0);
    const until = async (holds) => { while (!holds()) await new Promise((next) => setImmediate(next)); };\n`;
  const { transforms, run, write } = folders.make({ 'a.js': prelude + source }, options);
  const transform = { module: 'a.js', ...spec };
  expect(await transforms.check([transform], true)).toEqual([null]);
  const mapping = mappingOf({ messageTemplate: 'x', forEach: 'list', transform }, { transforms });
  const act = (payload: { list: readonly unknown[] }, body = JSON.stringify(payload)) =>
    mapping.act(contextOf(payload), Buffer.from(body));
  const names = async (payload: { list: readonly unknown[] }) =>
    ((await act(payload)) ?? []).map((action) => (action.kind === 'agent' ? action.name : action.kind));
  return {
    transforms,
    act,
    names,
    one: (payload: unknown) => run(transform, payload),
    edit: (text: string) => write('a.js', prelude + text),
    mark: (name: string) => fs.appendFileSync(path.join(marks, name), 'x'),
    marks: (name: string) => (fs.existsSync(path.join(marks, name)) ? fs.statSync(path.join(marks, name)).size : 0),
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next));
}

describe('a batch through a transform', () => {
  it('has every element see itself alone, beside what all of them share, in its order', async () => {
    const { names } = await batches(`export default ({ payload }) => {
      payload.shop.name += '!';
      return { name: payload.shop.name + payload.list.length + payload.list[0].id };
    };`);
    const list = Array.from({ length: 20 }, (_, id) => ({ id }));
    expect(await names({ list, shop: { name: 's' } } as { list: unknown[] })).toEqual(list.map(({ id }) => `s!1${id}`));
  });

  it('gives every element the body byte by byte, whatever another one does to it', async () => {
    const { act } = await batches('export default ({ rawBody }) => ({ name: `[${rawBody}] ${rawBody.fill(120)}` });');
    const actions = await act({ list: [1, 2, 3, 4, 5, 6] }, ' { }');
    expect(actions).toMatchObject(new Array(6).fill({ name: '[ { }] xxxx' }));
  });

  it('copies the body once, not for each element', async () => {
    const { act } = await batches('export default () => null;');
    const body = JSON.stringify({ list: new Array(200).fill({}), padding: 'x'.repeat(2 ** 20) });
    const before = process.memoryUsage().arrayBuffers;
    const acting = act(JSON.parse(body), body);
    await Promise.resolve();
    expect((process.memoryUsage().arrayBuffers - before) / body.length).toBeLessThan(8);
    expect(await acting).toBeNull();
  });

  it('that loops for ever costs its own event and leaves nothing waiting', async () => {
    const source = 'export default ({ payload }) => { if (payload.list) { mark("begun"); for (;;); } };';
    const { act, one, marks } = await batches(source, { timeoutMs: 50 });
    const loops = act({ list: new Array(12).fill(1) });
    const other = one({});
    await expect(loops).rejects.toThrow('transform a.js: took longer than 50 ms and was stopped');
    expect(await other).toBeUndefined();
    expect(marks('begun')).toBeLessThanOrEqual(mostThreads);
  });

  it('that takes too long in all is ended, although each element keeps its own limit', async () => {
    const source = `export default async ({ payload }) => {
      mark('begun');
      if (payload.list) await new Promise((resolve) => setTimeout(resolve, 100));
    };`;
    const { act, one, marks } = await batches(source, { timeoutMs: 60_000 }, { batchMs: 300 });
    await expect(act({ list: new Array(200).fill(1) })).rejects.toThrow(
      'transform a.js: was not done with all 200 elements within 300 ms',
    );
    const begun = marks('begun');
    expect(begun).toBeLessThan(200);
    expect(await one({})).toBeUndefined();
    expect(marks('begun')).toBe(begun + 1);
  });

  it('of one element has the limit of that element alone', async () => {
    const source = 'export default () => new Promise((resolve) => setTimeout(resolve, 100, { name: "done" }));';
    const { names } = await batches(source, { timeoutMs: 60_000 }, { batchMs: 1 });
    expect(await names({ list: [1] })).toEqual(['done']);
  });

  it('that fails in one element ends the others', async () => {
    const source = `export default async ({ payload }) => {
      if (!payload.list) return;
      if (payload.list[0] === 'loop') { mark('loops'); for (;;); }
      await until(() => marks('loops') > 0);
      throw new Error('boom');
    };`;
    const { act, one, transforms } = await batches(source, { timeoutMs: 60_000 });
    await expect(act({ list: ['throw', ...new Array(10).fill('loop')] })).rejects.toThrow('transform a.js: boom');
    expect(await Promise.all(Array.from({ length: mostThreads }, () => one({})))).toEqual(
      new Array(mostThreads).fill(undefined),
    );
    await transforms.close();
  });

  it('is run by one version of the module, even when that is edited meanwhile', async () => {
    const source =
      'export default async () => { mark("begun"); await until(() => marks("go")); return { name: "old" }; };';
    const { names, edit, one, mark, marks } = await batches(source);
    const batch = names({ list: new Array(9).fill(1) });
    await until(() => marks('begun') > 0);
    edit('export default () => ({ name: "new" });');
    expect(await one({})).toEqual({ name: 'new' });
    mark('go');
    expect(await batch).toEqual(new Array(9).fill('old'));
  });
});

describe('a close', () => {
  it('does not wait for a call that goes on and on, and leaves no request without an answer', async () => {
    const source = 'export default ({ payload }) => { mark("begun"); while (payload.loop); };';
    const { one, marks, transforms } = await batches(source, { timeoutMs: 60_000 });
    const loop = expect(one({ loop: true })).rejects.toThrow('transform a.js: was ended by a stop of the gateway');
    await until(() => marks('begun') > 0);
    await transforms.close();
    await loop;
    expect(await one({})).toBeUndefined();
  });
});

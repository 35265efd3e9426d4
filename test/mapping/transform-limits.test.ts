import { describe, expect, it } from '@jest/globals';
import { InvalidEvent, TransformError } from '../../src/domain/errors.ts';
import { createTurns } from '../../src/mapping/transform/turns.ts';
import { contextOf, occasionOf } from './fixtures.ts';
import { transformFolders } from './transform-folders.ts';

const folders = transformFolders();

async function module(source: string, timeoutMs = 20_000) {
  const { transforms, run } = folders.make({ 'a.js': source });
  const spec = { module: 'a.js', timeoutMs };
  expect(await transforms.check([spec], true)).toEqual([null]);
  const batch = (payloads: readonly unknown[], maxTextChars: number) =>
    transforms.run(
      spec,
      payloads.map((payload) => ({ context: contextOf(payload), each: undefined })),
      occasionOf(Buffer.from('{}'), { maxTextChars }),
    );
  return { run: (payload?: unknown) => run(spec, payload), batch };
}

describe('the memory of a transform', () => {
  const message = 'transform a.js: held more than 128 MB in Buffers';

  it('is limited outside the heap, also while it is busy', async () => {
    const { run } = await module(`const kept = [];
      export default ({ payload }) => {
        while (payload.eat) kept.push(Buffer.alloc(2e6, 1));
        return {};
      };`);
    await expect(run({ eat: true })).rejects.toThrow(new TransformError(message));
    expect(await run()).toEqual({});
  });

  it('is limited where a call is over at once', async () => {
    const { run } = await module(`let kept;
      export default ({ payload }) => { if (payload.eat) kept = Buffer.alloc(2e8); return {}; };`);
    await expect(run({ eat: true })).rejects.toThrow(message);
    expect(await run()).toEqual({});
  });

  it('is limited where it grows a little with each call', async () => {
    const { run } = await module(`const kept = [];
      export default () => { kept.push(Buffer.alloc(5e6, 1)); return {}; };`);
    const outcomes = new Set<string>();
    for (let calls = 0; calls < 80 && outcomes.size < 2; calls += 1) {
      await run().then(
        () => outcomes.add('fine'),
        (error) => outcomes.add(error.message),
      );
    }
    expect([...outcomes]).toEqual(['fine', message]);
    expect(await run()).toEqual({});
  });

  it('may be used again and again', async () => {
    const { run } = await module(
      'export default () => { for (let i = 0; i < 100; i++) Buffer.alloc(1e7, 1); return {}; };',
    );
    expect(await run()).toEqual({});
  });
});

describe('what a transform returns', () => {
  const tooLong = /the texts have more than 1048576 characters together, all that hooks\.maxTextChars allows/;

  it.each([
    ['a long text', '{ message: "x".repeat(6e7) }'],
    ['a long prompt', '{ message: ctx.prompt`a ${"x".repeat(6e7)}` }'],
    ['a long field that is none', '{ ["x".repeat(6e7)]: 1 }'],
    ['many long fields', '{ name: "x".repeat(6e5), to: "x".repeat(6e5) }'],
  ])('is refused before it leaves its thread: %s', async (_, result) => {
    const { run } = await module(`export default (ctx) => (${result});`);
    const before = process.memoryUsage().heapUsed;
    const call = run();
    await expect(call).rejects.toThrow(tooLong);
    await expect(call).rejects.toThrow(InvalidEvent);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6);
  });

  it('is refused with too many pieces', async () => {
    const { run } = await module(
      'export default (ctx) => ({ message: ctx.prompt`${Array.from({ length: 20001 }, () => ctx.prompt`x`)}` });',
    );
    await expect(run()).rejects.toThrow('the texts have more than 20000 pieces');
  });

  it('is counted over all elements of its event', async () => {
    const { batch } = await module('export default ({ payload }) => ({ message: "x".repeat(payload.length) });');
    const elements = new Array(10).fill({ length: 100 });
    expect(await batch(elements, 1100)).toHaveLength(10);
    await expect(batch(elements, 1000)).rejects.toThrow(/more than 1000 characters together/);
  });
});

describe('the turns of transforms', () => {
  const limits = { ms: 30_000, count: 2, bytes: 100 };
  const never = new AbortController().signal;

  it('come in order, as places become free', async () => {
    const turns = createTurns(1, limits);
    await turns.take(0, never);
    const order: string[] = [];
    const first = turns.take(10, never).then(() => order.push('first'));
    const second = turns.take(10, never).then(() => order.push('second'));
    turns.free();
    await first;
    expect(order).toEqual(['first']);
    turns.free();
    await second;
    turns.free();
    await turns.take(0, never);
  });

  it('are refused where too many or too much waits', async () => {
    const turns = createTurns(1, limits);
    await turns.take(0, never);
    // However large, one may wait.
    const first = turns.take(500, never);
    await expect(turns.take(1, never)).rejects.toThrow('was not begun, since too many events wait for transforms');
    turns.free();
    await first;
    const [second, third] = [turns.take(1, never), turns.take(1, never)];
    await expect(turns.take(1, never)).rejects.toThrow('too many events wait');
    turns.free();
    turns.free();
    await Promise.all([second, third]);
  });

  it('are given up after a time, and when their event ends', async () => {
    const turns = createTurns(1, { ...limits, ms: 20 });
    await turns.take(0, never);
    await expect(turns.take(1, never)).rejects.toThrow(
      'was not begun, since other transforms took up all threads for 20 ms',
    );
    const abort = new AbortController();
    const waiting = turns.take(1, abort.signal);
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    turns.free();
    await turns.take(0, never);
  });

  it('come round when a transform takes them all for longer than an event may wait', async () => {
    const { run } = await module('export default ({ payload }) => (payload.wait ? new Promise(() => {}) : {});', 100);
    const waiting = Array.from({ length: 12 }, () => run({ wait: true }));
    const good = run();
    for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
    expect(await good).toEqual({});
  });
});

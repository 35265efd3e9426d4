import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openIntake } from '../../../../src/http/inbound/body/intake.ts';
import { holdsAsync } from '../../../support/property.ts';

const readBody = (from: Readable, limit: number, announced = 0) => openIntake(from).all(limit, announced);
const asBuffers = (chunks: readonly Uint8Array[]) => chunks.map((chunk) => Buffer.from(chunk));

describe('the body of a request', () => {
  it('is what came, in its order, in however many pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 50 });
    await holdsAsync(pieces, 300, async (chunks) => {
      expect(await readBody(Readable.from(asBuffers(chunks)), 1000)).toEqual(Buffer.concat(chunks));
    });
  });

  it.each([
    ['as long as the limit', 10, 0, 'x'.repeat(10)],
    ['longer than the limit', 11, 0, 'too large'],
    ['announced as long as the limit', 10, 10, 'x'.repeat(10)],
    ['announced as longer', 1, 11, 'too large'],
  ])('is taken where it may be, and else told at once: %s', async (_, length, announced, expected) => {
    const stream = new PassThrough();
    const body = readBody(stream, 10, announced);
    for (let n = 0; n < length; n += 1) stream.write('x');
    if (expected !== 'too large') stream.end();
    expect(String(await body)).toBe(expected);
  });

  it('takes no more memory where it comes byte by byte', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const used = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const count = 300_000;
    let growth = 0;
    function* bytes() {
      const before = used();
      for (let n = 0; n < count; n += 1) yield Buffer.alloc(1, 'x');
      growth = used() - before;
    }
    const body = await readBody(Readable.from(bytes()), count);
    expect(body).toHaveLength(count);
    // Each chunk by itself takes more than a hundred bytes.
    expect(growth).toBeLessThan(count * 20);
  });

  it('of a sender who was gone before it was asked for is none', async () => {
    const stream = new PassThrough();
    const intake = openIntake(stream);
    stream.destroy();
    await once(stream, 'close');
    expect(await intake.all(10)).toBe('hung up');
    await intake.begin(10, 60_000);
  });

  it.each(['too large', 'hung up'] as const)('that is %s leaves its first 4 KB', async (why) => {
    const stream = new PassThrough();
    const intake = openIntake(stream);
    const body = intake.all(100_000);
    stream.write(Buffer.alloc(why === 'too large' ? 100_001 : 50_000, 'x'));
    if (why === 'hung up') {
      await setImmediate();
      stream.destroy();
    }
    expect(await body).toBe(why);
    expect(intake.first().toString()).toBe('x'.repeat(4096));
  });

  it('that is not asked for as a whole is let by, but for its first 4 KB', async () => {
    const stream = new PassThrough();
    const intake = openIntake(stream);
    expect(intake.first()).toHaveLength(0);
    const began = intake.begin(5, 60_000);
    stream.write('abc');
    stream.write('def');
    await began;
    expect(intake.first().toString()).toBe('abcdef');
    stream.end(Buffer.alloc(500_000, 'x'));
    await once(stream, 'end');
    expect(intake.first().toString()).toBe(`abcdef${'x'.repeat(4090)}`);
  });

  it('that does not come is waited for no longer than is asked', async () => {
    const intake = openIntake(new PassThrough());
    await intake.begin(5, 1);
    expect(intake.first()).toHaveLength(0);
  });

  it('for which there is no room is not read on until there is', async () => {
    const stream = new PassThrough();
    const { promise: room, resolve } = Promise.withResolvers<boolean>();
    let held = 0;
    const add = (bytes: number) => {
      held += bytes;
      return held < 5;
    };
    const body = openIntake(stream).all(1000, 0, { add, room: () => room, giveWay() {}, release() {} });
    stream.write('abcdef');
    stream.end('ghi');
    await setImmediate();
    expect([stream.isPaused(), held]).toEqual([true, 6]);
    resolve(true);
    expect(String(await body)).toBe('abcdefghi');
  });

  it('of a sender who is gone is none', async () => {
    const stream = new PassThrough();
    const body = readBody(stream, 10);
    stream.write('x');
    stream.destroy(new Error('aborted'));
    expect(await body).toBe('hung up');
  });
});

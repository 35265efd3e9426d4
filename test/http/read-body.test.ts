import { PassThrough, Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBody } from '../../src/http/read-body.ts';
import { holdsAsync } from '../support/property.ts';

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

  it('of a sender who is gone is none', async () => {
    const stream = new PassThrough();
    const body = readBody(stream, 10);
    stream.write('x');
    stream.destroy(new Error('aborted'));
    await expect(body).rejects.toMatchObject({ message: 'the sender hung up', status: 400 });
  });
});

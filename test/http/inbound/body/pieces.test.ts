import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPieces } from '../../../../src/http/inbound/body/pieces.ts';
import { holdsAsync } from '../../../support/property.ts';

describe('pieces of a body', () => {
  it('are all there, in their order, however long each is and whatever is asked of them before', async () => {
    const lengths = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 16_000, max: 40_000 })), { maxLength: 12 });
    await holdsAsync(fc.tuple(lengths, fc.nat(50_000)), 200, async ([list, bytes]) => {
      const pieces = createPieces();
      const chunks = list.map((length, at) => Buffer.alloc(length, at + 1));
      const all = Buffer.concat(chunks);
      for (const chunk of chunks) {
        pieces.add(chunk);
        pieces.first(3);
      }
      expect(pieces.first(bytes).equals(all.subarray(0, bytes))).toBe(true);
      expect(pieces.whole().equals(all)).toBe(true);
      pieces.cut(bytes);
      pieces.add(Buffer.from('end'));
      expect(pieces.whole().equals(Buffer.concat([all.subarray(0, bytes), Buffer.from('end')]))).toBe(true);
    });
  });

  it('do not change with the memory of a chunk that shares it with others', () => {
    const slab = Buffer.alloc(100_000, 'x');
    const pieces = createPieces();
    pieces.add(slab.subarray(0, 10));
    pieces.add(slab.subarray(10, 30_000));
    slab.fill('y');
    expect(pieces.whole().equals(Buffer.alloc(30_000, 'x'))).toBe(true);
    expect(pieces.whole().buffer.byteLength).toBeLessThan(slab.length);
  });
});

it('the only chunk that there will be is not copied', () => {
  const pieces = createPieces();
  const chunk = Buffer.from('all of it');
  pieces.take(chunk);
  expect(pieces.whole()).toBe(chunk);
  expect(pieces.first(3).toString()).toBe('all');
});

import type { Readable } from 'node:stream';

/** The bytes as they came, or 'too large' as soon as that is clear: the last byte may be long in coming. Rejects when the sender is gone. */
export function readBody(from: Readable, limit: number, announced = 0): Promise<Buffer | 'too large'> {
  return new Promise((resolve, reject) => {
    if (announced > limit) return resolve('too large');
    const parts: Buffer[] = [];
    let received = 0;
    from.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > limit) resolve('too large');
      else append(parts, chunk);
    });
    from.on('end', () => resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
    from.on('error', () => reject(Object.assign(new Error('the sender hung up'), { status: 400 })));
  });
}

/**
 * Adds a chunk and joins parts while the last is as long as the one before, so that there are never more than a few. A sender
 * may send its body byte by byte, and a chunk takes hundreds of bytes, however short it is.
 */
function append(parts: Buffer[], chunk: Buffer): void {
  let last = chunk;
  for (let before = parts.at(-1); before && before.length <= last.length; before = parts.at(-1)) {
    parts.pop();
    last = Buffer.concat([before, last]);
  }
  parts.push(last);
}

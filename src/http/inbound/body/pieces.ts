/** Bytes that come piece by piece, in little more memory than they are long. */
export interface Pieces {
  /** Takes the bytes of a chunk, which may be part of something larger. */
  add(chunk: Buffer): void;
  /** Takes the only chunk there will be, as it came: it is gone again soon. */
  take(chunk: Buffer): void;
  /** The first of them, at most so many. */
  first(bytes: number): Buffer;
  /** All of them in one. */
  whole(): Buffer;
  /** Lets go of all but so many. */
  cut(bytes: number): void;
}

const nothing = Buffer.alloc(0);

/** From that on a chunk stays as it came. */
const largeBytes = 16 * 1024;

/**
 * Large chunks are kept as they are, so that nothing is copied before all are there. Small ones go into a tail that grows as it has to: a
 * sender may send its body byte by byte, and a chunk takes hundreds of bytes, however short it is.
 */
export function createPieces(): Pieces {
  let sealed: Buffer[] = [];
  let tail = nothing;
  let used = 0;

  function seal(): void {
    if (used > 0) sealed.push(copyOf(tail.subarray(0, used)));
    tail = nothing;
    used = 0;
  }

  function addSmall(chunk: Buffer): void {
    if (used + chunk.length > tail.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * tail.length, used + chunk.length));
      tail.copy(larger, 0, 0, used);
      tail = larger;
    }
    chunk.copy(tail, used);
    used += chunk.length;
    if (used >= largeBytes) seal();
  }

  const whole = () => {
    seal();
    if (sealed.length !== 1) sealed = [Buffer.concat(sealed)];
    return sealed[0] ?? tail;
  };

  function first(bytes: number): Buffer {
    const found: Buffer[] = [];
    for (const piece of [...sealed, tail.subarray(0, used)]) {
      found.push(piece.subarray(0, bytes));
      bytes -= piece.length;
      if (bytes <= 0) break;
    }
    return Buffer.concat(found);
  }

  return {
    add(chunk) {
      if (chunk.length < largeBytes) return addSmall(chunk);
      seal();
      // What shares its memory with others would keep all of that.
      sealed.push(chunk.buffer.byteLength > chunk.length ? copyOf(chunk) : chunk);
    },
    take(chunk) {
      sealed.push(chunk);
    },
    first,
    whole,
    cut(bytes) {
      sealed = [first(bytes)];
      tail = nothing;
      used = 0;
    },
  };
}

/** With memory of its own. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

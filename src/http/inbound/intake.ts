import type { Readable } from 'node:stream';
import type { Held } from '../../ingest/body-budget.ts';

/** Why a body did not come in: it is too long, too many others were on their way, or its sender is gone. */
export type Missing = 'too large' | 'no room' | 'hung up';

/** The body of a request as it comes in. Nothing is read before it is asked for. */
export interface Intake {
  /** The bytes as they came; what is in their way as soon as that is clear: the last byte may be long in coming. */
  all(limit: number, announced?: number, held?: Held): Promise<Buffer | Missing>;
  /** Waits for the first bytes, up to the end of the body, at most `ms`. For a body that is not asked for as a whole. */
  begin(bytes: number, ms: number): Promise<void>;
  /** What has come, at most 4 KB from its beginning on. */
  first(): Buffer;
}

/** Bytes that are kept of a body that does not come in. */
export const keptBytes = 4096;

export function openIntake(from: Readable): Intake {
  let parts: Buffer[] = [];
  let keep = keptBytes;
  let received = 0;
  let state: 'unread' | 'coming' | 'whole' | 'gone' = 'unread';
  /** told of each chunk, and of the end */
  let heed: (chunk?: Buffer) => void = () => {};

  function become(next: 'whole' | 'gone'): void {
    if (state !== 'coming') return;
    state = next;
    heed();
  }

  function read(): void {
    if (state === 'unread') attach();
    heed();
  }

  function attach(): void {
    // It may have gone while something else was awaited; then nothing more is told of it.
    state = from.destroyed ? 'gone' : 'coming';
    from.on('data', (chunk: Buffer) => {
      const room = keep - received;
      // A copy of the last piece that counts, so that the rest of its chunk can go.
      if (room > 0) append(parts, chunk.length <= room ? chunk : Buffer.from(chunk.subarray(0, room)));
      received += chunk.length;
      heed(chunk);
    });
    from.on('end', () => become('whole'));
    from.on('error', () => become('gone')).on('close', () => become('gone'));
  }

  const joined = () => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
  const first = () => joined().subarray(0, keptBytes);

  return {
    first,
    all: (limit, announced = 0, held = undefined) =>
      new Promise((resolve) => {
        const stop = (why: Missing) => {
          heed = () => {};
          held?.giveWay(null);
          // A copy, so that the rest can go.
          parts = [Buffer.from(first())];
          keep = keptBytes;
          resolve(why);
        };
        if (announced > limit) return stop('too large');
        keep = limit;
        held?.giveWay(() => stop('no room'));
        heed = (chunk) => {
          if (received > limit) stop('too large');
          else if (state === 'gone') stop('hung up');
          else if (state === 'whole') {
            held?.giveWay(null);
            resolve(joined());
          } else if (chunk && held?.add(chunk.length) === false && received !== announced) wait(held);
        };
        const wait = async (held: Held) => {
          from.pause();
          if (!(await held.room())) stop('no room');
          from.resume();
        };
        read();
      }),
    begin: (bytes, ms) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(late);
          heed = () => {};
          resolve();
        };
        // What is shown of a stranger's body keeps no process from ending.
        const late = setTimeout(end, ms).unref();
        heed = () => (received >= bytes || state === 'whole' || state === 'gone') && end();
        read();
      }),
  };
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

import type { Readable } from 'node:stream';
import type { Held } from '../../../ingest/body-budget.ts';
import { createPieces } from './pieces.ts';

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

/** So much comes with the head of a request. */
const shortBytes = 16 * 1024;

export function openIntake(from: Readable): Intake {
  const pieces = createPieces();
  let keep = keptBytes;
  /** bytes of the whole body; 0: not known */
  let expected = 0;
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
      if (received === 0 && chunk.length === expected && room >= expected) pieces.take(chunk);
      else if (room > 0) pieces.add(chunk.subarray(0, room));
      received += chunk.length;
      heed(chunk);
    });
    from.on('end', () => become('whole'));
    from.on('error', () => become('gone')).on('close', () => become('gone'));
  }

  const first = () => pieces.first(keptBytes);

  return {
    first,
    all: (limit, announced = 0, held = undefined) =>
      new Promise((resolve) => {
        const stop = (why: Missing) => {
          heed = () => {};
          held?.giveWay(null);
          pieces.cut(keptBytes);
          keep = keptBytes;
          resolve(why);
        };
        if (announced > limit) return stop('too large');
        keep = limit;
        expected = announced;
        held?.giveWay(() => stop('no room'));
        heed = (chunk) => {
          if (received > limit) stop('too large');
          else if (state === 'gone') stop('hung up');
          else if (state === 'whole') {
            held?.giveWay(null);
            resolve(pieces.whole());
          } else if (chunk && held?.add(chunk.length) === false && received !== announced) wait(held);
        };
        const wait = async (held: Held) => {
          from.pause();
          if (!(await held.room())) stop('no room');
          from.resume();
        };
        const begin = async (held: Held) => {
          if (await held.room()) read();
          else stop('no room');
        };
        // One that is there with its head takes no room that it could wait for.
        const isShort = announced > 0 && announced <= shortBytes;
        if (held && state === 'unread' && !isShort && !held.add(0)) void begin(held);
        else read();
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

import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { StoreError } from '../../../src/domain/errors.ts';
import { untilStored } from '../../../src/runtime/ending/until-stored.ts';

const log = pino({ level: 'silent' });

/** A write that the store refuses so many times. */
function refused(times: number): { write: () => Promise<void>; tries: () => number } {
  let tries = 0;
  const write = async () => {
    tries += 1;
    if (tries <= times) throw new StoreError('the disk is full');
  };
  return { write, tries: () => tries };
}

it('what a full store refuses is written when there is room', async () => {
  const { write, tries } = refused(1);
  await untilStored(write, new AbortController().signal, log);
  expect(tries()).toBe(2);
});

it('a worker that stops gives up, with what the store said', async () => {
  const stopping = new AbortController();
  const { write, tries } = refused(1000);
  const writing = untilStored(write, stopping.signal, log);
  stopping.abort();
  await expect(writing).rejects.toThrow('the disk is full');
  expect(tries()).toBeLessThanOrEqual(2);
});

it('an error of ours is not tried again', async () => {
  const writing = untilStored(() => Promise.reject(new TypeError('a bug')), new AbortController().signal, log);
  await expect(writing).rejects.toThrow('a bug');
});

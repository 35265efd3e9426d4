/** GIMLI_TEST_SEED repeats a test with the same moments and the same requests, as far as the clock allows. */
export const seed = Number(process.env.GIMLI_TEST_SEED ?? Math.floor(Math.random() * 1e9));

/** Mulberry32: numbers from 0 to 1 that a seed repeats. */
export function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

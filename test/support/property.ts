import fc from 'fast-check';

/** Of every property, so that a failure can be had again: fast-check prints it with the case. `FC_SEED=1 npm test` takes another. */
const seed = Number(process.env.FC_SEED ?? 20_261_123);

/** Fails with the smallest value that it finds for which `property` throws. */
export function holds<T>(values: fc.Arbitrary<T>, runs: number, property: (value: T) => void): void {
  fc.assert(fc.property(values, property), { seed, numRuns: runs });
}

export async function holdsAsync<T>(
  values: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(values, property), { seed, numRuns: runs });
}

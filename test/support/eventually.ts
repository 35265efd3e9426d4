/** What `probe` gives once it gives something; fails after 20 s, saying what it last gave or threw. */
export async function eventually<T>(probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 20_000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`did not happen within 20 s; last: ${last instanceof Error ? last.stack : JSON.stringify(last)}`);
}

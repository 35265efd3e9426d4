import vm from 'node:vm';

/** All that the patterns and schemas of an event's mappings may take together, in ms. */
export const longestMs = 250;

export interface RuleTimeLimit {
  /** Gives what the work gives; undefined where it took longer than the limit and was broken off. */
  run<T>(work: () => T): T | undefined;
}

/**
 * Bounds work that does not come back: a pattern whose time grows with the square or the power of what a stranger wrote. Only the
 * engine itself can break off a regular expression, so the work is called from a script that has a time limit, which costs about
 * 50 µs.
 */
export function createTimeLimit(): RuleTimeLimit {
  const script = new vm.Script('work()');
  const sandbox: { work: (() => void) | null } = { work: null };
  const context = vm.createContext(sandbox);
  return {
    run(work) {
      let result: ReturnType<typeof work> | undefined;
      const before = sandbox.work;
      sandbox.work = () => {
        result = work();
      };
      try {
        script.runInContext(context, { timeout: longestMs });
        return result;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
        throw error;
      } finally {
        sandbox.work = before;
      }
    },
  };
}

/**
 * How the time of a pattern grows with the length n of the text, as the power of n: 1 for a pattern that looks at each place a
 * bounded number of times. Infinity where repetitions stand in each other, or a part repeats what was found: that may be
 * exponential. Said too high rather than too low.
 */
export function growthOf(pattern: string): number {
  // Neither escapes nor the inside of brackets repeat anything, but for a reference to what a group has found.
  const classes = pattern.replace(/\\[pPu]\{[^}]*\}/g, 'x');
  const bare = classes
    .replace(/\\[1-9]|\\k/g, '\0')
    .replace(/\\./gs, 'x')
    .replace(/\[[^\]]*\]/g, 'x');
  if (bare.includes('\0') || /\)[*+?{]/.test(bare)) return Number.POSITIVE_INFINITY;
  return 1 + (bare.replace(/\(\?/g, '(').match(/[*+?{]/g)?.length ?? 0);
}

/** Whether so much growth over so many characters or bytes may take longer than a few ms. */
export function isCostly(growth: number, length: number): boolean {
  // No power of 0 and 1 grows.
  return growth === Number.POSITIVE_INFINITY || Math.max(2, length) ** growth > 1_000_000;
}

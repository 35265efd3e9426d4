import type { Context } from '../domain/event.ts';
import { describeMiss, type Miss } from '../domain/miss.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { createTimeLimit, isCostly, longestMs } from '../mapping/payload/time-limit.ts';

/** Which mapping takes an event. */
export interface Decision {
  /** the first candidate that matches */
  readonly mapping?: Mapping;
  /** why those before it did not, or why none does: then the closest first. At most 20. */
  readonly misses: readonly Miss[];
  /** how many more there are */
  readonly more: number;
  /** what its schema says of the payload */
  readonly problems: readonly string[];
}

/** So many mappings are named that did not match. */
const mostNamed = 20;

const timeLimit = createTimeLimit();

/** Finds the mapping by what the owner asks of an event. Patterns and schemas whose time may grow fast have a time limit together. */
export function decide(candidates: readonly Mapping[], context: Context, body: Buffer): Decision {
  let at: Mapping | undefined;
  const work = (): Decision => {
    const missed: Missed[] = [];
    for (const mapping of candidates) {
      at = mapping;
      const miss = mapping.match(context);
      if (miss === null) return { mapping, ...named(missed), problems: mapping.check(context.payload) };
      missed.push({ mapping, miss: { mapping: mapping.id, ...miss } });
    }
    return { ...named(closestFirst(missed, context)), problems: [] };
  };
  const growth = Math.max(...candidates.map((mapping) => mapping.growth));
  if (growth <= 1 || !isCostly(growth, sizeOf(context, body))) return work();
  const decided = timeLimit.run(work);
  if (decided || !at) return decided ?? work();
  const tooLong = `its patterns and its schema took longer than ${longestMs} ms on this event, and were broken off`;
  return { mapping: at, misses: [], more: 0, problems: [tooLong] };
}

/** Why none matched, in words. */
export function whyNone({ misses, more }: Decision): string {
  const words = misses.map((miss) => `${miss.mapping}: ${describeMiss(miss)}`);
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** How long a text may be that a pattern looks at: no value is longer than all that came, wherever in the request it stood. */
function sizeOf({ headers, query }: Context, body: Buffer): number {
  return body.length + JSON.stringify([headers, query]).length;
}

/** A mapping that an event is not for, with the clause that failed. */
interface Missed {
  readonly mapping: Mapping;
  readonly miss: Miss;
}

function named(missed: readonly Missed[]): Pick<Decision, 'misses' | 'more'> {
  const misses = missed.slice(0, mostNamed).map(({ miss }) => miss);
  return { misses, more: missed.length - misses.length };
}

/** The mapping that came closest is most likely the one that was meant. */
function closestFirst(missed: readonly Missed[], context: Context): readonly Missed[] {
  return missed.map((one) => ({ ...one, held: one.mapping.held(context) })).toSorted((a, b) => b.held - a.held);
}

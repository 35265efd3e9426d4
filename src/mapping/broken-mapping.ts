import { PartBroken } from '../domain/errors.ts';
import type { Endpoint } from '../domain/event.ts';
import { usualPolicy } from '../domain/mapping.ts';
import { hookName, limitsOf, type Mapping } from './mapping.ts';
import { compileHeld, compileMatch, describeMatch, growthOfMatch } from './match.ts';
import type { Outline } from './outline.ts';

interface BrokenOptions extends Pick<Mapping, 'id' | 'origin'> {
  readonly endpoint?: Endpoint;
  readonly outline: Outline;
  /** which part does not load and why, for the owner */
  readonly reason: string;
}

/**
 * Stands where a mapping stood that does not load: it takes the events that this would have taken, as far as that is known, and makes
 * nothing of them. So they do not fall through to the mappings below it.
 */
export function brokenMapping({ id, origin, endpoint = 'hooks', outline, reason }: BrokenOptions): Mapping {
  const { path, verify } = outline;
  const { match, held, when, growth } = matchOf(outline);
  return {
    id,
    origin,
    endpoint,
    path: path === undefined ? undefined : hookName(path),
    when,
    does: 'nothing: it does not load',
    maxBodyBytes: undefined,
    policy: usualPolicy,
    models: [],
    // It makes nothing, so what a text may be long is no matter.
    limits: limitsOf(outline.limits, Number.POSITIVE_INFINITY),
    verify: verify === 'unknown' ? undefined : verify,
    ...(outline.reads && { reads: outline.reads }),
    broken: { reason, sealed: verify === 'unknown' },
    match,
    held,
    growth,
    check: () => [],
    act: () => {
      throw new PartBroken(reason);
    },
  };
}

function matchOf({ match }: Outline): Pick<Mapping, 'match' | 'held' | 'when' | 'growth'> {
  try {
    const [held, growth] = [compileHeld(match), growthOfMatch(match)];
    return { match: compileMatch(match), held, when: describeMatch(match), growth };
  } catch {
    return { match: () => null, held: () => 0, when: '', growth: 1 };
  }
}

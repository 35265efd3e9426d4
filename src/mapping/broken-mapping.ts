import { PartBroken } from '../domain/errors.ts';
import type { Endpoint } from '../domain/event.ts';
import { usualPolicy } from '../domain/mapping.ts';
import { hookName, limitsOf, type Mapping } from './mapping.ts';
import { compileMatch, describeMatch, growthOfMatch } from './match.ts';
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
  const { match, when, growth } = matchOf(outline);
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
    growth,
    check: () => [],
    act: () => {
      throw new PartBroken(reason);
    },
  };
}

function matchOf({ match }: Outline): Pick<Mapping, 'match' | 'when' | 'growth'> {
  try {
    return { match: compileMatch(match), when: describeMatch(match), growth: growthOfMatch(match) };
  } catch {
    return { match: () => null, when: '', growth: 1 };
  }
}

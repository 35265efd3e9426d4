import type { AgentAction } from '../domain/action.ts';

type Timeout = Pick<AgentAction, 'timeoutSeconds' | 'warnings'>;

/**
 * The time that a call or a transform asks for, as far as the config lets them: a run keeps its place that long. What is
 * shortened is said on the run. Nothing where nothing was asked for.
 */
export function capTimeout(asked: number | undefined, mostSeconds: number): Timeout {
  if (asked === undefined) return {};
  if (asked <= mostSeconds) return { timeoutSeconds: asked };
  const warning = `timeoutSeconds ${asked} was shortened to ${mostSeconds}: agents.defaults.maxTimeoutSeconds`;
  return { timeoutSeconds: mostSeconds, warnings: [warning] };
}

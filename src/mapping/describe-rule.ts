import { dollars } from '../domain/spending.ts';
import type { MappingRule } from './settings/mapping-schema.ts';

/** For people: what a rule makes of the events that it takes. */
export function describeRule({
  action = 'agent',
  forEach,
  transform,
  workflow,
  steps,
  ...limits
}: MappingRule): string {
  const each = forEach === undefined ? '' : ` for each of ${forEach}`;
  const which =
    workflow === undefined ? (steps ? ` of ${steps.length} step${steps.length === 1 ? '' : 's'}` : '') : ` ${workflow}`;
  return `${action}${which}${each}${transform ? ` through ${transform.module}` : ''}${describeLimits(limits)}`;
}

function describeLimits({ coalesce, rate, maxConcurrent, budget }: MappingRule): string {
  const limits = [
    ...(coalesce ? ['coalesced'] : []),
    ...(rate === undefined ? [] : [rate]),
    ...(maxConcurrent === undefined ? [] : [`${maxConcurrent} at once`]),
    ...(budget ? [`${dollars(budget.perDay)} a day`] : []),
  ];
  return limits.map((limit) => `, ${limit}`).join('');
}

import type Anthropic from '@anthropic-ai/sdk';
import type { Thinking } from '../../domain/action.ts';

/** What a level of thinking means for one request. `max_tokens` is here only where a budget needs more than usual. */
export type ThinkingParams = Partial<
  Pick<Anthropic.MessageCreateParamsNonStreaming, 'thinking' | 'output_config' | 'max_tokens'>
>;
type Levels = Readonly<Record<Exclude<Thinking, 'off'>, ThinkingParams>>;

const adaptive = (effort: 'low' | 'medium' | 'high' | 'max'): ThinkingParams => ({
  thinking: { type: 'adaptive' },
  output_config: { effort },
});
const byEffort: Levels = {
  minimal: adaptive('low'),
  low: adaptive('low'),
  medium: adaptive('medium'),
  high: adaptive('high'),
  max: adaptive('max'),
};

const budget = (budget_tokens: number): ThinkingParams => ({ thinking: { type: 'enabled', budget_tokens } });
// The budget counts towards max_tokens, so the large one needs room for the answer.
const large: ThinkingParams = { ...budget(16_384), max_tokens: 20_480 };
const byBudget: Levels = { minimal: budget(2048), low: budget(2048), medium: budget(8192), high: large, max: large };

const disabled: ThinkingParams = { thinking: { type: 'disabled' } };

/** Model ids by generation, the first that fits counts: a parameter that a generation does not know is answered with 400. */
const generations: readonly { readonly ids: RegExp; readonly on: Levels; readonly off: ThinkingParams }[] = [
  // These cannot stop thinking: asking for little is as near as it gets.
  { ids: /^claude-(opus-5-5|fable|mythos)(?!\d)/, on: byEffort, off: { output_config: { effort: 'low' } } },
  { ids: /^claude-sonnet-5-5(?!\d)/, on: byEffort, off: { thinking: { type: 'between_tools' } } },
  { ids: /^claude-(haiku|sonnet|opus)-(5|4-[6-9])(?!\d)/, on: byEffort, off: disabled },
  { ids: /^claude-((haiku|sonnet|opus)-4|[1-3])(?!\d)/, on: byBudget, off: disabled },
];

/** Nothing without a level, and nothing for models we do not know: other vendors' servers refuse these parameters. */
export function thinkingParams(model: string, level: Thinking | undefined): ThinkingParams {
  const generation = level && generations.find(({ ids }) => ids.test(model));
  if (!generation) return {};
  return level === 'off' ? generation.off : generation.on[level];
}

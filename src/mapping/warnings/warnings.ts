import { type Problem, toPointer } from '../../schema/problem.ts';
import type { PlacedRule } from '../placed-rules.ts';
import { presetName } from '../settings/preset-name.ts';
import { deadModels } from './models.ts';
import { neverMatches } from './never-matches.ts';
import { emptyPlaceholders, excludedBySchema, maybeMain } from './placeholders.ts';
import { oddPath, pastByProof, shadowed, shadowedPreset } from './reach.ts';
import { type Around, type Find, linesOf, takesOf, type WholeRule, writtenAt } from './warning.ts';

/** What is looked for in each rule when it is loaded. The next thing to look for is one more entry. */
const finds: readonly Find[] = [
  oddPath,
  shadowed,
  pastByProof,
  neverMatches,
  emptyPlaceholders,
  excludedBySchema,
  maybeMain,
  deadModels,
];

/** More rules above one are not looked at, so that a long list costs no more than its length. */
const mostAbove = 200;

/** What is looked for in the workflows of the config, which are rules but for what starts them. */
const findsOfWorkflow: readonly Find[] = [emptyPlaceholders, deadModels];

function ofWorkflows(around: Around): Problem[] {
  return Object.entries(around.config.workflows).flatMap(([id, { model, steps }]) => {
    const rule = { steps, ...(model !== undefined && { model }) };
    const place = { id, origin: 'config', takes: takesOf(rule), above: [], rules: [], around } as const;
    const found = findsOfWorkflow.flatMap((find) => find(rule, place));
    return found.map((problem) => ({ ...problem, path: toPointer(['workflows', id]) + problem.path }));
  });
}

/** The rules that are right by themselves. */
export function wholeRules(rules: readonly PlacedRule[]): WholeRule[] {
  return rules.flatMap((placed) => {
    const { rule, part } = placed;
    return rule === undefined || part.lines.length > 0 ? [] : { ...placed, rule, takes: takesOf(rule) };
  });
}

/** What rules say and do not do, a line for each with its file, line and key. */
function ruleWarnings(rules: readonly WholeRule[], around: Around, locate: WholeRule['locate']): string[] {
  const config = { hooks: around.config.hooks, locate };
  const found = rules.flatMap((placed, at) => {
    const { id, origin, takes } = placed;
    const place = { id, origin, takes, above: rules.slice(Math.max(0, at - mostAbove), at), rules, around };
    return finds.flatMap((find) => find(placed.rule, place).map((problem) => writtenAt(placed, problem, config)));
  });
  return linesOf(found);
}

/** What a config says and does not do, all its rules included; what is of channels, `missingChannels` says. */
export function allWarnings(rules: readonly WholeRule[], around: Around, locate: WholeRule['locate']): string[] {
  const own = rules.filter(({ origin }) => origin === 'config');
  const presets = Map.groupBy(
    rules.filter(({ origin }) => origin === 'preset'),
    ({ part }) => part,
  );
  const hidden = [...presets].flatMap(([{ id }, ofPreset]): Problem[] => {
    const taker = shadowedPreset(ofPreset, own);
    if (taker === undefined) return [];
    const message = `nothing reaches the preset "${id}": ${taker}, which is tried before it, takes all that it would`;
    const at = around.config.hooks.presets.findIndex((entry) => presetName(entry) === id);
    return [{ path: toPointer(['hooks', 'presets', at]), message }];
  });
  const ofConfig = [...ofWorkflows(around), ...hidden];
  return [...locate(ofConfig), ...ruleWarnings(rules, around, locate)];
}

import type { AgentSettings } from '../../agent/settings/agents.ts';
import type { ChannelSettings } from '../../channels/settings.ts';
import { fromPointer, type Problem, toPointer } from '../../schema/problem.ts';
import { hookName } from '../mapping.ts';
import type { PlacedRule } from '../placed-rules.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';
import { presetOverlay } from '../settings/preset-name.ts';
import type { HooksSettings, WorkflowsSettings } from '../settings/settings.ts';
import { type Clause, clausesOf } from './clauses.ts';

/** A rule that is right by itself, in its place. */
export interface WholeRule extends PlacedRule {
  readonly rule: MappingRule;
  /** what it takes, worked out once: each rule is held against those above it */
  readonly takes: Takes;
}

export interface Takes {
  /** undefined for any hook */
  readonly name: string | undefined;
  /** `verify`, as a text to compare */
  readonly proof: string;
  readonly clauses: readonly Clause[];
}

export function takesOf({ match, verify }: MappingRule): Takes {
  const name = match?.path === undefined ? undefined : hookName(match.path);
  return { name, proof: JSON.stringify(verify ?? null), clauses: clausesOf(match) };
}

/** What a rule stands among. */
export interface Place extends Pick<WholeRule, 'id' | 'origin' | 'takes'> {
  /** those that are tried before it */
  readonly above: readonly WholeRule[];
  /** all that there are */
  readonly rules: readonly WholeRule[];
  readonly around: Around;
}

/** What a rule may count on, whichever it is. */
export interface Around {
  readonly config: {
    readonly hooks: HooksSettings;
    readonly workflows: WorkflowsSettings;
    readonly channels: ChannelSettings;
    readonly agents: AgentSettings;
  };
  /** names of the channels that can send */
  readonly channels: ReadonlySet<string>;
  /** Whether a header or parameter, by its name, can be seen by conditions and templates. */
  readonly travels: (name: string) => boolean;
  /** Why no run can be on a model that a config names; undefined where one may. */
  readonly modelProblem: (name: string) => string | undefined;
}

/** Looks for one kind of thing that a rule says and does not do; the paths of what it finds begin at the rule. */
export type Find = (rule: MappingRule, place: Place) => readonly Problem[];

/** A problem with its path in a file, and that file's `locate`. */
export interface Located {
  readonly problem: Problem;
  readonly locate: WholeRule['locate'];
}

/** A line for each problem, each file read once. */
export function linesOf(found: readonly Located[]): string[] {
  const byFile = Map.groupBy(found, ({ locate }) => locate);
  const lines = [...byFile].flatMap(([locate, inFile]) => locate(inFile.map(({ problem }) => problem)));
  return [...new Set(lines)];
}

/** Where what a rule says was written: of a preset, what its owner changes stands in the config. The path begins at the rule. */
export function writtenAt(
  { at, origin, part, locate }: WholeRule,
  problem: Problem,
  config: { readonly hooks: HooksSettings; readonly locate: WholeRule['locate'] },
): Located {
  const [key = ''] = fromPointer(problem.path);
  const isOverlaid = origin === 'preset' && Object.hasOwn(presetOverlay(config.hooks, part.id), key);
  return isOverlaid
    ? { problem: { ...problem, path: toPointer(['hooks', part.id]) + problem.path }, locate: config.locate }
    : { problem: { ...problem, path: at + problem.path }, locate };
}

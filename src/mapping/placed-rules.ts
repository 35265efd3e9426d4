import type { BrokenPart } from '../domain/broken-part.ts';
import { ConfigError } from '../domain/errors.ts';
import { valueAt } from '../domain/event.ts';
import { ignoredKey } from '../domain/mapping-keys.ts';
import type { Env } from '../schema/env.ts';
import type { LeftOut } from '../schema/left-out.ts';
import { type Problem, toPointer } from '../schema/problem.ts';
import { brokenMapping } from './broken-mapping.ts';
import { hookName, type Mapping } from './mapping.ts';
import { outlineOf } from './outline.ts';
import type { MappingRule, PresetOverlay } from './settings/mapping-schema.ts';
import { presetName, presetOverlay } from './settings/preset-name.ts';
import type { HooksSettings } from './settings/settings.ts';
import { loadPreset, presetOutlines } from './sources/preset.ts';

/** Where rules come from. */
export interface RuleDeps {
  readonly hooks: HooksSettings;
  /** what the config was read with, for the presets */
  readonly env: Env;
  /** Renders problems of the config with their lines. */
  locate(problems: readonly Problem[]): string[];
  /** the parts of the config that are not in it, since they are not right */
  readonly leftOut?: readonly LeftOut[];
}

/** What its problems belong to. One with lines does not load. */
interface Part extends Pick<BrokenPart, 'kind' | 'id'> {
  readonly lines: string[];
  /** what the owner should know of the secrets of one that loads */
  readonly warnings: string[];
  /** what its file says and does not mean, where it has one of its own */
  readonly hints: string[];
}

/** A rule with where it came from; `at` is its JSON pointer in its file, whose lines `locate` knows. */
export interface PlacedRule extends Pick<Mapping, 'id' | 'origin'>, Pick<RuleDeps, 'locate'> {
  /** undefined where it is not even right by itself */
  readonly rule: MappingRule | undefined;
  /** what can be read of it all the same */
  readonly written: unknown;
  readonly at: string;
  readonly part: Part;
}

/** All rules in their order: config, then presets. What is wrong with one is in its part. */
export function placedRules(deps: RuleDeps): readonly PlacedRule[] {
  const rules = [...configRules(deps), ...presetRules(deps)];
  noteRepeatedIds(rules);
  return rules;
}

function configRules({ hooks, locate, leftOut = [] }: RuleDeps): PlacedRule[] {
  return hooks.mappings.map((rule, position) => {
    const at = toPointer(['hooks', 'mappings', position]);
    const place = { at, locate, origin: 'config' as const };
    const left = leftOut.find(({ pointer }) => pointer === at);
    if (left) {
      const part = { kind: 'mapping' as const, id: left.id, lines: locate(left.problems), warnings: [], hints: [] };
      return { ...place, id: left.id, rule: undefined, written: left.written, part };
    }
    const id = rule.id ?? `config[${position}]`;
    return { ...place, id, rule, written: rule, part: { kind: 'mapping', id, lines: [], warnings: [], hints: [] } };
  });
}

/** The rules of all presets. A preset is one part: where one of its mappings does not load, none is used. */
function presetRules({ hooks, env, locate, leftOut = [] }: RuleDeps): PlacedRule[] {
  return hooks.presets.flatMap((entry, position) => {
    const path = toPointer(['hooks', 'presets', position]);
    const left = leftOut.find(({ pointer }) => pointer === path);
    const name = left?.id ?? presetName(entry);
    const ofOverlay = leftOut.find(({ pointer }) => pointer === toPointer(['hooks', name]));
    const overlay = ofOverlay ? ofOverlay.written : presetOverlay(hooks, name);
    const part: Part = { kind: 'preset', id: name, lines: [], warnings: [], hints: [] };
    const placed = (rules: readonly { rule?: MappingRule; written: unknown }[], render: RuleDeps['locate']) =>
      rules.map(({ rule, written }, at) => ({
        rule,
        written,
        id: rule?.id ?? idOf(written) ?? `${name}[${at}]`,
        origin: 'preset' as const,
        at: toPointer(['mappings', at]),
        locate: render,
        part,
      }));
    try {
      const known = [left, ofOverlay].flatMap((one) => one?.problems ?? []);
      if (known.length > 0) throw new ConfigError(locate(known));
      const preset = loadPreset(entry, {
        env,
        overlay: overlay as PresetOverlay,
        place: (message) => locate([{ path, message }]),
      });
      const useless = uselessOverlay(name, overlay, preset.mappings);
      if (useless.length > 0) throw new ConfigError(locate(useless));
      part.warnings.push(...preset.warnings);
      part.hints.push(...preset.hints);
      return placed(
        preset.mappings.map((rule) => ({ rule, written: rule })),
        preset.locate,
      );
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      part.lines.push(...error.problems);
      const source = left ? String(left.written) : entry;
      return placed(
        presetOutlines(source, env, overlay).map((written) => ({ written })),
        locate,
      );
    }
  });
}

/** What the owner changes in a preset and none of its mappings has a use for. */
function uselessOverlay(name: string, overlay: unknown, rules: readonly MappingRule[]): Problem[] {
  const made = rules.map(({ action = 'agent', transform }) => ({ action, hasTransform: transform !== undefined }));
  return Object.keys(overlay ?? {}).flatMap((key) => {
    const users = made.map((one) => ignoredKey(key, one));
    if (users.includes(undefined)) return [];
    const message = `would be ignored: no mapping of this preset is of action ${users[0]?.join(' or ')}`;
    return [{ path: toPointer(['hooks', name, key]), message }];
  });
}

function idOf(written: unknown): string | undefined {
  const id = valueAt(written, ['id']);
  return typeof id === 'string' ? id : undefined;
}

/** A rule whose id another has does not load. */
function noteRepeatedIds(rules: readonly PlacedRule[]): void {
  const first = new Map<string, PlacedRule>();
  for (const placed of rules) {
    const { id, at, rule, locate, part } = placed;
    const other = first.get(id);
    if (!other) first.set(id, placed);
    else {
      const path = rule?.id === undefined ? at : `${at}/id`;
      const message = `expected an id of its own, found "${id}", which another mapping has`;
      // A line can only be named in the file at hand.
      part.lines.push(...locate([other.locate === locate ? { path, message, see: other.at } : { path, message }]));
    }
  }
}

/** The mapping in the place of a rule that does not load. */
export function standIn({ id, origin, written, part }: PlacedRule): Mapping {
  const reason = `the ${part.kind} "${part.id}" does not load: ${part.lines.join('; ')}`;
  return brokenMapping({ id, origin, outline: outlineOf(written), reason });
}

/** The parts that do not load, each once, with the hook that answers for it where that is one. */
export function brokenRules(rules: readonly PlacedRule[]): BrokenPart[] {
  const byPart = Map.groupBy(
    rules.filter(({ part }) => part.lines.length > 0),
    ({ part }) => part,
  );
  return [...byPart].map(([{ kind, id, lines }, placed]) => {
    const hooks = new Set(placed.map(({ written }) => outlineOf(written).path));
    const [path] = hooks;
    const hook = hooks.size === 1 && path !== undefined ? { hook: hookName(path) } : {};
    return { kind, id, ...hook, problems: lines };
  });
}

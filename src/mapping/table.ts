import type { Env } from '../config/env.ts';
import { presetName, presetOverlay } from '../config/preset-name.ts';
import { type Problem, toPointer } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { MappingRule } from '../domain/mapping.ts';
import { compileMapping, type Mapping, type MappingDeps } from './mapping.ts';
import { builtinMappings } from './sources/builtin.ts';
import { loadPreset } from './sources/preset.ts';
import type { Transforms } from './transform.ts';
import { type CompiledWorkflow, compileWorkflow } from './workflow.ts';

/** All mappings in the order in which they are tried. It never changes; a reload makes another one. */
export interface Table {
  readonly mappings: readonly Mapping[];
  /** The mappings that may answer for a hook: its own and those for any hook. The first that matches wins. */
  candidates(hook: string): readonly Mapping[];
  /** Whether a mapping has the hook by name. */
  knows(hook: string): boolean;
  /** The most that any candidate of the hook takes, in bytes. */
  maxBodyBytes(hook: string): number;
  /** The limits of a mapping; none for one that there is no more. */
  limitsOf(mappingId: string): Limits;
}

export interface TableDeps extends Omit<MappingDeps, 'transforms' | 'workflows' | 'maxTextChars'> {
  readonly hooks: Config['hooks'];
  readonly workflows: Config['workflows'];
  /** what the config was read with, for the presets */
  readonly env: Env;
  readonly transforms: Pick<Transforms, 'check' | 'run'>;
  /** Renders problems of the config with their lines. */
  locate(problems: readonly Problem[]): string[];
}

/** A rule with where it came from; `at` is its JSON pointer in its file, whose lines `locate` knows. */
interface PlacedRule extends Pick<Mapping, 'id' | 'origin'>, Pick<TableDeps, 'locate'> {
  readonly rule: MappingRule;
  readonly at: string;
}

/** Compiles every mapping: config, then presets, then built-ins. Throws ConfigError with all that is wrong. */
export async function createTable(deps: TableDeps): Promise<Table> {
  const { hooks, transforms } = deps;
  const lines: string[] = [];
  const rules = [...configRules(deps), ...presetRules(deps, lines)];
  const workflows = compileWorkflows(deps, lines);
  const compiled = rules.map(({ rule, at, id, origin, locate }) => {
    const checked = compileMapping(rule, { id, origin }, { ...deps, workflows, maxTextChars: hooks.maxTextChars });
    if (checked.ok) return checked.value;
    lines.push(...locate(checked.problems.map(({ path, message }) => ({ path: at + path, message }))));
    return undefined;
  });
  lines.push(...repeatedIds(rules));
  lines.push(...(await transformProblems(rules, transforms, lines.length === 0)));
  if (lines.length > 0) throw new ConfigError(lines);

  const mappings = [...compiled.filter((mapping) => mapping !== undefined), ...builtinMappings({ ...deps, workflows })];
  return index(mappings, hooks.maxBodyBytes);
}

/** The workflows by id, undefined for one that does not compile: what is wrong with it is added to `lines`. */
function compileWorkflows({ workflows, resolveModel, locate }: TableDeps, lines: string[]) {
  const compiled = new Map<string, CompiledWorkflow | undefined>();
  for (const [id, rule] of Object.entries(workflows)) {
    const checked = compileWorkflow(id, rule, resolveModel);
    compiled.set(id, checked.ok ? checked.value : undefined);
    if (!checked.ok) {
      const at = toPointer(['workflows', id]);
      lines.push(...locate(checked.problems.map(({ path, message }) => ({ path: at + path, message }))));
    }
  }
  return compiled;
}

function configRules({ hooks, locate }: TableDeps): PlacedRule[] {
  return hooks.mappings.map((rule, at) => ({
    rule,
    id: rule.id ?? `config[${at}]`,
    origin: 'config',
    at: toPointer(['hooks', 'mappings', at]),
    locate,
  }));
}

/** The rules of all presets that load; what is wrong with the others is added to `lines`. */
function presetRules({ hooks, env, locate }: TableDeps, lines: string[]): PlacedRule[] {
  return hooks.presets.flatMap((entry, position) => {
    const path = toPointer(['hooks', 'presets', position]);
    const overlay = presetOverlay(hooks, presetName(entry));
    try {
      const preset = loadPreset(entry, { env, overlay, place: (message) => locate([{ path, message }]) });
      return preset.mappings.map((rule, at) => ({
        rule,
        id: rule.id ?? `${preset.name}[${at}]`,
        origin: 'preset' as const,
        at: toPointer(['mappings', at]),
        locate: preset.locate,
      }));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      lines.push(...error.problems);
      return [];
    }
  });
}

function repeatedIds(rules: readonly PlacedRule[]): string[] {
  const first = new Map<string, PlacedRule>();
  return rules.flatMap((placed) => {
    const { id, at, rule, locate } = placed;
    const other = first.get(id);
    if (!other) {
      first.set(id, placed);
      return [];
    }
    const path = rule.id === undefined ? at : `${at}/id`;
    const message = `expected an id of its own, found "${id}", which another mapping has`;
    // A line can only be named in the file at hand.
    return locate([other.locate === locate ? { path, message, see: other.at } : { path, message }]);
  });
}

/** With `use` it also tells the transforms which of them the new table needs: a table that is refused needs none. */
async function transformProblems(
  rules: readonly PlacedRule[],
  transforms: TableDeps['transforms'],
  use: boolean,
): Promise<string[]> {
  const users = rules.flatMap(({ rule: { transform }, ...place }) => (transform ? [{ transform, ...place }] : []));
  const problems = await transforms.check(
    users.map(({ transform }) => transform),
    use,
  );
  return users.flatMap(({ at, locate }, position) => {
    const message = problems[position] ?? null;
    return message === null ? [] : locate([{ path: `${at}/transform`, message }]);
  });
}

/** Answers are looked up, not searched: this is on the way of every request. */
function index(mappings: readonly Mapping[], usualBytes: number): Table {
  const names = new Set(mappings.map(({ path }) => path).filter((path) => path !== undefined));
  const entry = (hook: string | undefined) => {
    const candidates = mappings.filter(({ path }) => path === undefined || path === hook);
    const limits = candidates.map(({ maxBodyBytes }) => maxBodyBytes ?? usualBytes);
    return { candidates, maxBodyBytes: limits.length > 0 ? Math.max(...limits) : usualBytes };
  };
  const byName = new Map([...names].map((hook) => [hook, entry(hook)]));
  const anyHook = entry(undefined);
  const limits = new Map(mappings.map((mapping) => [mapping.id, mapping.limits]));
  return {
    mappings,
    candidates: (hook) => (byName.get(hook) ?? anyHook).candidates,
    knows: (hook) => names.has(hook),
    maxBodyBytes: (hook) => (byName.get(hook) ?? anyHook).maxBodyBytes,
    limitsOf: (mappingId) => limits.get(mappingId) ?? {},
  };
}

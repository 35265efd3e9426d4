import type { BrokenPart } from '../domain/broken-part.ts';
import type { Limits } from '../domain/limits.ts';
import { toPointer } from '../schema/problem.ts';
import { compileMapping, type Mapping, type MappingDeps } from './mapping.ts';
import { brokenRules, type PlacedRule, placedRules, type RuleDeps, standIn } from './placed-rules.ts';
import type { WorkflowsSettings } from './settings/settings.ts';
import { builtinMappings } from './sources/builtin.ts';
import type { Transforms } from './transform/transform.ts';
import { type CompiledWorkflow, compileWorkflow } from './workflow.ts';

/** All mappings in the order in which they are tried. It never changes; a reload makes another one. */
export interface Table {
  readonly mappings: readonly Mapping[];
  /** what the mappings of config and presets were made from, in the same order */
  readonly rules: readonly PlacedRule[];
  /** The parts that do not load. Their hooks are in the table all the same, and answer 503. */
  readonly broken: readonly BrokenPart[];
  /** What the owner should know of presets that load, with its place. */
  readonly warnings: readonly string[];
  /** The mappings that may answer for a hook: its own and those for any hook. The first that matches wins. */
  candidates(hook: string): readonly Mapping[];
  /** Whether a mapping has the hook by name. */
  knows(hook: string): boolean;
  /** The most that any candidate of the hook takes, in bytes. */
  maxBodyBytes(hook: string): number;
  /** The limits of a mapping; none for one that there is no more. */
  limitsOf(mappingId: string): Limits;
}

export interface TableDeps extends Omit<MappingDeps, 'transforms' | 'workflows' | 'maxTextChars'>, RuleDeps {
  readonly workflows: WorkflowsSettings;
  readonly transforms: Pick<Transforms, 'check' | 'run'>;
  /** Whether a table is used although these parts do not load; else it is only looked at. */
  takes?(broken: readonly BrokenPart[]): boolean;
}

/** Compiles every mapping: config, then presets, then built-ins. One that does not load is there as one that makes nothing. */
export async function createTable(deps: TableDeps): Promise<Table> {
  const { hooks, takes = () => true } = deps;
  const workflows = compileWorkflows(deps);
  const rules = placedRules(deps);
  const compiled = new Map<PlacedRule, Mapping>();
  for (const placed of rules) {
    const { rule, at, id, origin, locate, part } = placed;
    if (!rule) continue;
    const checked = compileMapping(
      rule,
      { id, origin },
      { ...deps, workflows: workflows.compiled, maxTextChars: hooks.maxTextChars },
    );
    if (checked.ok) compiled.set(placed, checked.value);
    else part.lines.push(...locate(checked.problems.map(({ path, message }) => ({ path: at + path, message }))));
  }
  const brokenNow = (): BrokenPart[] => [...workflows.broken, ...brokenRules(rules)];
  const modules = await checkTransforms(rules, deps, () => takes(brokenNow()));

  const mappings = rules.map((placed) => {
    const mapping = compiled.get(placed);
    return mapping && placed.part.lines.length === 0 ? mapping : standIn(placed);
  });
  const all = [...mappings, ...builtinMappings({ ...deps, workflows: workflows.compiled })];
  const warnings = [...new Set(rules.map(({ part }) => part))].flatMap((part) => part.warnings);
  return { ...index(all, hooks.maxBodyBytes), broken: [...brokenNow(), ...modules], rules, warnings };
}

/** The workflows by id, undefined for one that does not load. */
function compileWorkflows({ workflows, resolveModel, locate, leftOut = [] }: TableDeps) {
  const compiled = new Map<string, CompiledWorkflow | undefined>();
  const broken: BrokenPart[] = [];
  for (const { kind, id } of leftOut) if (kind === 'workflow') compiled.set(id, undefined);
  for (const [id, rule] of Object.entries(workflows)) {
    const checked = compileWorkflow(id, rule, resolveModel);
    compiled.set(id, checked.ok ? checked.value : undefined);
    if (checked.ok) continue;
    const at = toPointer(['workflows', id]);
    const problems = locate(checked.problems.map(({ path, message }) => ({ path: at + path, message })));
    broken.push({ kind: 'workflow', id, problems });
  }
  return { compiled, broken };
}

/**
 * Adds to the rules what is wrong with their transforms, and gives these as parts of their own. Where the table `isTaken`, the
 * transforms that load are told that they are in use: a table that is refused needs none.
 */
async function checkTransforms(
  rules: readonly PlacedRule[],
  { transforms, env }: Pick<TableDeps, 'transforms' | 'env'>,
  isTaken: () => boolean,
): Promise<BrokenPart[]> {
  const users = rules.flatMap((placed) => {
    const transform = placed.rule?.transform;
    return transform ? [{ transform, placed }] : [];
  });
  const whole = users.every(({ placed }) => placed.part.lines.length === 0);
  const problems = await transforms.check(
    users.map(({ transform }) => transform),
    whole && isTaken(),
    env,
  );
  const broken = new Map<string, string[]>();
  users.forEach(({ transform: { module }, placed: { at, locate, part } }, position) => {
    const message = problems[position] ?? null;
    if (message === null) return;
    const lines = locate([{ path: `${at}/transform`, message }]);
    part.lines.push(...lines);
    broken.set(module, [...(broken.get(module) ?? []), ...lines]);
  });
  const parts = [...broken].map(([id, lines]): BrokenPart => ({ kind: 'transform', id, problems: lines }));
  const good = users.filter(({ placed }) => placed.part.lines.length === 0);
  // Where one of them is not to be used, the first check has put none into use.
  if ((parts.length > 0 || !whole) && good.length > 0 && isTaken()) {
    await transforms.check(
      good.map(({ transform }) => transform),
      true,
      env,
    );
  }
  return parts;
}

/** Answers are looked up, not searched: this is on the way of every request. */
function index(mappings: readonly Mapping[], usualBytes: number): Omit<Table, 'broken' | 'rules' | 'warnings'> {
  const names = new Set(mappings.map(({ path }) => path).filter((path) => path !== undefined));
  // What callers of these were promised, no mapping takes that says nothing of them.
  const builtin = new Set(mappings.flatMap(({ origin, path }) => (origin === 'builtin' ? path : [])));
  const entry = (hook: string | undefined) => {
    const candidates = mappings.filter(({ path }) => path === hook || (path === undefined && !builtin.has(hook)));
    const limits = candidates.map(({ maxBodyBytes }) => maxBodyBytes ?? usualBytes);
    return { candidates, maxBodyBytes: limits.length > 0 ? Math.max(...limits) : usualBytes };
  };
  const byName = new Map([...names].map((hook) => [hook, entry(hook)]));
  const anyHook = entry(undefined);
  // Of two with one id the first counts: the other does not load.
  const limits = new Map(mappings.toReversed().map((mapping) => [mapping.id, mapping.limits]));
  return {
    mappings,
    candidates: (hook) => (byName.get(hook) ?? anyHook).candidates,
    knows: (hook) => names.has(hook),
    maxBodyBytes: (hook) => (byName.get(hook) ?? anyHook).maxBodyBytes,
    limitsOf: (mappingId) => limits.get(mappingId) ?? {},
  };
}

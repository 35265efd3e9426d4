import { type Problem, toPointer } from '../schema/problem.ts';
import type { ResolveModel } from './make-action.ts';
import { orProblem } from './or-problem.ts';
import type { MappingRule } from './settings/mapping-schema.ts';
import { type CompiledWorkflow, compileWorkflow, modelsOfSteps } from './workflow.ts';

export interface ModelDeps {
  readonly resolveModel: ResolveModel;
  /** whether the model, or the default one, is a command on this machine */
  readonly runsCommand: (model: string | undefined) => boolean;
  /** those of the config, by id; undefined for one that does not compile */
  readonly workflows: ReadonlyMap<string, CompiledWorkflow | undefined>;
}

/** The model and the workflow of a rule, each undefined where it has none or that is wrong. */
interface RuleModels {
  readonly model: string | undefined;
  readonly workflow: CompiledWorkflow | undefined;
}

/** What is wrong is added to the problems. A rule's own workflow has the id of its mapping. */
export function compileModels(
  rule: MappingRule,
  id: string,
  { resolveModel, workflows }: ModelDeps,
  problems: Problem[],
): RuleModels {
  const { model: name } = rule;
  const model = name === undefined ? undefined : orProblem(problems, '/model', () => resolveModel(name));
  const named = orProblem(problems, '/workflow', () => namedWorkflow(rule, workflows));
  return { model, workflow: named ?? ownWorkflow(rule, id, resolveModel, problems) };
}

/** The workflow of the config that a rule names; undefined where it names none. Throws an Error where that is not there or does not load. */
function namedWorkflow({ workflow: id }: MappingRule, workflows: ModelDeps['workflows']): CompiledWorkflow | undefined {
  if (id === undefined) return undefined;
  const workflow = workflows.get(id);
  if (workflow) return workflow;
  if (workflows.has(id)) throw new Error(`the workflow "${id}" does not load`);
  const known = [...workflows.keys()];
  throw new Error(
    `there is no workflow "${id}"; workflows ${known.length > 0 ? `has ${known.join(', ')}` : 'is empty'}`,
  );
}

function ownWorkflow(
  { action, steps }: MappingRule,
  id: string,
  resolveModel: ResolveModel,
  problems: Problem[],
): CompiledWorkflow | undefined {
  if (action !== 'workflow' || steps === undefined) return undefined;
  const compiled = compileWorkflow(id, { steps }, resolveModel);
  if (compiled.ok) return compiled.value;
  problems.push(...compiled.problems);
  return undefined;
}

/** provider/model of all that a rule names. */
export function namesOf({ model, workflow }: RuleModels): string[] {
  const ofSteps = workflow ? modelsOfSteps(workflow) : [];
  return model === undefined ? ofSteps : [model, ...ofSteps];
}

/** What is wrong with the models of a rule whose runs may run no commands. */
export function commandProblems(
  rule: MappingRule,
  compiled: RuleModels,
  runsCommand: ModelDeps['runsCommand'],
): Problem[] {
  return modelsOf(rule, compiled).flatMap(({ path, name, model }) => {
    if ((name !== undefined && model === undefined) || !runsCommand(model)) return [];
    const which = name === undefined ? 'the default model' : `"${name}"`;
    const message = `${which} runs a command, for which the mapping must list tools: ['command'] (or agents.defaults must)`;
    return { path, message };
  });
}

interface AskedModel {
  /** JSON pointer of what names it */
  readonly path: string;
  /** undefined: the default model */
  readonly name: string | undefined;
  /** undefined: the default model, or one that is wrong */
  readonly model: string | undefined;
}

/** On which models the runs of a rule will be for sure; a transform may yet choose another. */
function modelsOf(
  { action = 'agent', transform, steps, model: name }: MappingRule,
  { model, workflow }: RuleModels,
): AskedModel[] {
  if (transform || action === 'wake') return [];
  const asked = { path: name === undefined ? '' : '/model', name, model };
  if (action === 'agent') return [asked];
  const ofWorkflow = (model: string): AskedModel => ({ path: '/workflow', name: model, model });
  const usual = name === undefined && workflow?.model !== undefined ? ofWorkflow(workflow.model) : asked;
  const all = (workflow?.steps ?? []).map(({ model }, at) => {
    if (model === undefined) return usual;
    return steps ? { path: toPointer(['steps', at, 'model']), name: steps[at]?.model, model } : ofWorkflow(model);
  });
  // Most steps have theirs from the same place.
  return [...new Map(all.map((one) => [`${one.path} ${one.model}`, one])).values()];
}

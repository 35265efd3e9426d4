import type { Checked } from '../config/ajv.ts';
import { type Problem, toPointer } from '../config/problem.ts';
import { type Action, textsOf } from '../domain/action.ts';
import { InvalidEvent, messageOf } from '../domain/errors.ts';
import type { Context, Endpoint } from '../domain/event.ts';
import { type Limits, parseRate, usualMaxSeconds, usualQuietSeconds } from '../domain/limits.ts';
import { type MappingRule, type Origin, type Policy, usualPolicy } from '../domain/mapping.ts';
import type { Verify } from '../domain/verify.ts';
import { compileFanOut, type Element } from './fan-out.ts';
import { type CompiledRule, makeAction, type ResolveModel } from './make-action.ts';
import { compileMatch, describeMatch } from './match.ts';
import type { Patch } from './patch.ts';
import { type CheckPayload, compilePayloadSchema } from './payload-schema.ts';
import { sessionKeyProblem } from './session-key.ts';
import { compileTemplate, maxPieces, tooManyPieces } from './template.ts';
import type { Transforms } from './transform.ts';
import { type CompiledWorkflow, compileWorkflow, modelsOfSteps } from './workflow.ts';

/** A rule from event to action, compiled. Nothing that uses one knows where it came from. */
export interface Mapping {
  readonly id: string;
  readonly origin: Origin;
  /** where its requests come in */
  readonly endpoint: Endpoint;
  /** the hook it answers for; undefined for any */
  readonly path: string | undefined;
  /** for people: which events it takes (empty for all of its hook), and what it makes of them */
  readonly when: string;
  readonly does: string;
  /** body limit in bytes; undefined for the usual one */
  readonly maxBodyBytes: number | undefined;
  readonly policy: Policy;
  /** provider/model of those that its runs ask for by name; the default and what an event asks for are not among them */
  readonly models: readonly string[];
  readonly limits: Limits;
  /** how its senders prove who they are; undefined: with the hook token */
  readonly verify: Verify | undefined;
  /** null where the event is for this mapping, else the clause that failed and the value seen */
  match(context: Context): string | null;
  /** What is wrong with the payload of an event that matches, a line for each problem. */
  check: CheckPayload;
  /**
   * The actions of an event that matches; none to skip it: null where a transform said so, an empty list for an empty batch.
   * A promise only where a transform runs. Throws InvalidEvent or TransformError.
   */
  act(context: Context, rawBody: Buffer): Actions | Promise<Actions>;
}
type Actions = readonly Action[] | null;

export interface MappingDeps {
  readonly resolveModel: ResolveModel;
  /** Throws an Error where the config cannot grant these tools. */
  readonly checkTools: (tools: readonly string[]) => void;
  /** whether the model, or the default one, is a command on this machine */
  readonly runsCommand: (model: string | undefined) => boolean;
  /** those of the config, by id; undefined for one that does not compile */
  readonly workflows: ReadonlyMap<string, CompiledWorkflow | undefined>;
  /** what a run may do whose mapping does not say so */
  readonly usualTools: Policy['tools'];
  readonly transforms: Pick<Transforms, 'run'>;
}

const unchanged: Patch = {};
const takesAll: CheckPayload = () => [];

/** Compiles a rule, or says everything that is wrong with it; the paths of the problems begin at the rule. */
export function compileMapping(
  rule: MappingRule,
  { id, origin }: Pick<Mapping, 'id' | 'origin'>,
  { resolveModel, runsCommand, usualTools, checkTools, workflows, transforms }: MappingDeps,
): Checked<Mapping> {
  const problems: Problem[] = [];
  function attempt<T>(field: keyof MappingRule, make: () => T, below: readonly string[] = []): T | undefined {
    try {
      return make();
    } catch (error) {
      problems.push({ path: toPointer([field, ...below]), message: messageOf(error) });
      return undefined;
    }
  }
  function ownWorkflow(): CompiledWorkflow | undefined {
    if (rule.action !== 'workflow' || rule.steps === undefined) return undefined;
    const compiled = compileWorkflow(id, { steps: rule.steps }, resolveModel);
    if (compiled.ok) return compiled.value;
    problems.push(...compiled.problems);
    return undefined;
  }
  const { schema } = rule;
  const check = schema === undefined ? takesAll : attempt('schema', () => compilePayloadSchema(schema));
  const template = (
    field: 'messageTemplate' | 'textTemplate' | 'name' | 'sessionKey' | 'to' | 'dedupeKey',
    source = rule[field],
  ) => (source === undefined ? undefined : attempt(field, () => compileTemplate(source)));

  const match = attempt('match', () => compileMatch(rule.match));
  const elementsOf = attempt('forEach', () => compileFanOut(rule.forEach));
  const name = template('name', rule.name ?? '{{path}}');
  const [message, text] = [template('messageTemplate'), template('textTemplate')];
  const [sessionKey, to, dedupeKey] = [template('sessionKey'), template('to'), template('dedupeKey')];
  const { coalesce } = rule;
  const coalesceKey = coalesce && attempt('coalesce', () => compileTemplate(coalesce.key), ['key']);
  // A key without placeholders is the same for every event: a bad one would refuse them all.
  const keyProblem = rule.sessionKey?.includes('{{') === false ? sessionKeyProblem(rule.sessionKey) : undefined;
  if (keyProblem !== undefined) problems.push({ path: '/sessionKey', message: keyProblem });
  const model = rule.model === undefined ? undefined : attempt('model', () => resolveModel(rule.model ?? ''));
  const workflow = attempt('workflow', () => namedWorkflow(rule, workflows)) ?? ownWorkflow();
  attempt('tools', () => checkTools(rule.tools ?? []));
  const policy = policyOf(rule, usualTools);
  const asked = rule.model === undefined ? undefined : { path: '/model', name: rule.model, model };
  const commands = policy.tools.includes('command') ? [] : modelsOf(rule, workflow, asked);
  for (const { path, name, model } of commands) {
    if ((name !== undefined && model === undefined) || !runsCommand(model)) continue;
    const which = name === undefined ? 'the default model' : `"${name}"`;
    const message = `${which} runs a command, for which the mapping must list tools: ['command'] (or agents.defaults must)`;
    problems.push({ path, message });
  }
  if (problems.length > 0 || !match || !check || !elementsOf || !name) return { ok: false, problems };

  const templates = { message, text, name, sessionKey, to, dedupeKey, coalesceKey };
  const compiled: CompiledRule = { rule, ...templates, model, workflow, resolveModel };
  const { transform } = rule;
  const value: Mapping = {
    id,
    origin,
    endpoint: 'hooks',
    path: rule.match?.path === undefined ? undefined : hookName(rule.match.path),
    when: describeMatch(rule.match),
    does: describeAction(rule),
    maxBodyBytes: rule.maxBodyBytes,
    policy,
    models: [model, ...(workflow ? modelsOfSteps(workflow) : [])].filter((one) => one !== undefined),
    limits: limitsOf(rule),
    verify: rule.verify,
    match,
    check,
    act(context, rawBody) {
      const elements = elementsOf(context);
      if (!transform) return actionsOf(elements, (element) => makeAction(compiled, element, unchanged));
      return transforms.run(transform, elements, rawBody).then((patches) => {
        const actions = actionsOf(elements, (element, at) => {
          const patch = patches[at];
          return patch === null ? null : makeAction(compiled, element, patch ?? unchanged);
        });
        return actions.length === 0 && elements.length > 0 ? null : actions;
      });
    },
  };
  return { ok: true, value };
}

interface AskedModel {
  /** JSON pointer of what names it */
  readonly path: string;
  /** undefined: the default model */
  readonly name: string | undefined;
  readonly model: string | undefined;
}

/** On which models the runs of a rule will be for sure; a transform may yet choose another. */
function modelsOf(
  { action = 'agent', transform, steps }: MappingRule,
  workflow: CompiledWorkflow | undefined,
  asked: AskedModel = { path: '', name: undefined, model: undefined },
): AskedModel[] {
  if (transform || action === 'wake') return [];
  if (action === 'agent') return [asked];
  const ofWorkflow = (model: string): AskedModel => ({ path: '/workflow', name: model, model });
  const usual = asked.name === undefined && workflow?.model !== undefined ? ofWorkflow(workflow.model) : asked;
  const all = (workflow?.steps ?? []).map(({ model }, at) => {
    if (model === undefined) return usual;
    return steps ? { path: toPointer(['steps', at, 'model']), name: steps[at]?.model, model } : ofWorkflow(model);
  });
  // Most steps have theirs from the same place.
  return [...new Map(all.map((one) => [`${one.path} ${one.model}`, one])).values()];
}

/** The workflow of the config that a rule names; undefined where it names none. Throws an Error where there is no such one. */
function namedWorkflow({ workflow: id }: MappingRule, workflows: MappingDeps['workflows']) {
  if (id === undefined) return undefined;
  if (workflows.has(id)) return workflows.get(id);
  const known = [...workflows.keys()];
  throw new Error(
    `there is no workflow "${id}"; workflows ${known.length > 0 ? `has ${known.join(', ')}` : 'is empty'}`,
  );
}

function policyOf(rule: MappingRule, usualTools: Policy['tools']): Policy {
  const usual = { ...usualPolicy, tools: usualTools };
  const { allowUnsafeExternalContent, updateMainSession, screen, tools, context } = { ...usual, ...rule };
  return { allowUnsafeExternalContent, updateMainSession, screen, tools, context };
}

function limitsOf({ coalesce, rate, maxConcurrent }: MappingRule): Limits {
  const { quietSeconds = usualQuietSeconds, maxSeconds = usualMaxSeconds } = coalesce ?? {};
  return {
    ...(coalesce && { coalesce: { quietMs: quietSeconds * 1000, maxMs: maxSeconds * 1000 } }),
    ...(rate !== undefined && { rate: parseRate(rate) }),
    ...(maxConcurrent !== undefined && { maxConcurrent }),
  };
}

/** One action after the other, so that texts which are too much together are refused before they fill the memory. */
function actionsOf(
  elements: readonly Element[],
  make: (element: Element, at: number) => Action | null,
): readonly Action[] {
  let pieces = 0;
  return elements.flatMap((element, at) => {
    const action = named(element, () => make(element, at));
    if (!action) return [];
    pieces += textsOf(action).flat().length;
    if (pieces > maxPieces) throw tooManyPieces();
    return action;
  });
}

/** In a batch, an error says which element it is about. */
function named<T>({ each }: Element, make: () => T): T {
  if (!each) return make();
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    throw new InvalidEvent(`${each.key}[${each.index}]: ${error.message}`, error.details);
  }
}

/** `/gmail/` and `gmail` are the same hook. */
export function hookName(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function describeAction({ action = 'agent', forEach, transform, workflow, steps, ...limits }: MappingRule): string {
  const each = forEach === undefined ? '' : ` for each of ${forEach}`;
  const which =
    workflow === undefined ? (steps ? ` of ${steps.length} step${steps.length === 1 ? '' : 's'}` : '') : ` ${workflow}`;
  return `${action}${which}${each}${transform ? ` through ${transform.module}` : ''}${describeLimits(limits)}`;
}

function describeLimits({ coalesce, rate, maxConcurrent }: MappingRule): string {
  const limits = [
    ...(coalesce ? ['coalesced'] : []),
    ...(rate === undefined ? [] : [rate]),
    ...(maxConcurrent === undefined ? [] : [`${maxConcurrent} at once`]),
  ];
  return limits.map((limit) => `, ${limit}`).join('');
}

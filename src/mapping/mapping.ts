import type { Checked } from '../config/ajv.ts';
import { type Problem, toPointer } from '../config/problem.ts';
import type { Action } from '../domain/action.ts';
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
import { compileTemplate, maxPieces } from './template.ts';
import type { Transforms } from './transform.ts';

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
  { resolveModel, runsCommand, usualTools, checkTools, transforms }: MappingDeps,
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
  attempt('tools', () => checkTools(rule.tools ?? []));
  const policy = policyOf(rule, usualTools);
  if (needsCommand(rule, model, runsCommand) && !policy.tools.includes('command')) {
    const which = rule.model === undefined ? 'the default model' : `"${rule.model}"`;
    problems.push({
      path: rule.model === undefined ? '' : '/model',
      message: `${which} runs a command, for which the mapping must list tools: ['command'] (or agents.defaults must)`,
    });
  }
  if (problems.length > 0 || !match || !check || !elementsOf || !name) return { ok: false, problems };

  const templates = { message, text, name, sessionKey, to, dedupeKey, coalesceKey };
  const compiled: CompiledRule = { rule, ...templates, model, resolveModel };
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

/** True where every run of the rule is on a command; a transform may yet choose another model. */
function needsCommand(rule: MappingRule, model: string | undefined, runsCommand: MappingDeps['runsCommand']): boolean {
  const isRun = (rule.action ?? 'agent') === 'agent' && !rule.transform;
  return isRun && (rule.model === undefined || model !== undefined) && runsCommand(model);
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
    pieces += (action.kind === 'wake' ? action.text : action.message).length;
    if (pieces > maxPieces) throw new InvalidEvent(`with this event the texts have more than ${maxPieces} pieces`);
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

function describeAction({ action = 'agent', forEach, transform, ...limits }: MappingRule): string {
  const each = forEach === undefined ? '' : ` for each of ${forEach}`;
  return `${action}${each}${transform ? ` through ${transform.module}` : ''}${describeLimits(limits)}`;
}

function describeLimits({ coalesce, rate, maxConcurrent }: MappingRule): string {
  const limits = [
    ...(coalesce ? ['coalesced'] : []),
    ...(rate === undefined ? [] : [rate]),
    ...(maxConcurrent === undefined ? [] : [`${maxConcurrent} at once`]),
  ];
  return limits.map((limit) => `, ${limit}`).join('');
}

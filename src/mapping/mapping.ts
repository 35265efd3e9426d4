import type { Context, Endpoint } from '../domain/event.ts';
import { type Limits, parseRate, usualMaxSeconds, usualQuietSeconds } from '../domain/limits.ts';
import { type Origin, type Policy, usualPolicy } from '../domain/mapping.ts';
import type { Miss } from '../domain/miss.ts';
import { durationMs } from '../domain/time/duration.ts';
import type { Checked } from '../schema/ajv.ts';
import type { Problem } from '../schema/problem.ts';
import type { Verify } from '../verify/settings.ts';
import { type Actions, compileAct } from './act.ts';
import { describeRule } from './describe-rule.ts';
import { compileFanOut } from './fan-out.ts';
import { compileHeld, compileMatch, describeMatch, growthOfMatch } from './match.ts';
import { type NamesRead, namesRead } from './names-read.ts';
import { orProblem } from './or-problem.ts';
import { type CheckPayload, compilePayloadSchema, growthOfSchema } from './payload/schema.ts';
import { commandProblems, compileModels, type ModelDeps, namesOf } from './rule-models.ts';
import { sessionKeyProblem } from './session-key.ts';
import type { MappingRule } from './settings/mapping-schema.ts';
import type { IgnoredFields } from './sources/ignored-fields.ts';
import { compileTemplate } from './template/template.ts';
import type { Transforms } from './transform/transform.ts';

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
  /** an alarm goes out when no event of it was accepted for so long, in ms; undefined where none is expected */
  readonly expectMs?: number;
  /** how its senders prove who they are; undefined: with the hook token */
  readonly verify: Verify | undefined;
  /** set where it does not load: why, and whether nobody can prove to be its sender (`sealed`) */
  readonly broken?: { readonly reason: string; readonly sealed: boolean };
  /** what it reads of a request beside the body; nothing unless given */
  readonly reads?: NamesRead;
  /** null where the event is for this mapping, else the clause that failed and the value seen */
  match(context: Context): Omit<Miss, 'mapping'> | null;
  /** how many clauses of its match hold for an event: how close it came */
  held(context: Context): number;
  /** how the time of `match` and `check` may grow with the size of an event: see `growthOf` */
  readonly growth: number;
  /** What a payload says that no action uses, where the payload is the action; undefined where there is nothing such. */
  readonly ignoredIn?: (payload: unknown) => IgnoredFields | undefined;
  /** What is wrong with the payload of an event that matches, a line for each problem. */
  check: CheckPayload;
  /**
   * The actions of an event that matches; none to skip it: null where a transform said so, an empty list for an empty batch.
   * A promise only where a transform runs. `eventId` is what its lines in the log name. Throws InvalidEvent, TransformError or
   * PartBroken.
   */
  act(context: Context, rawBody: Buffer, eventId?: string): Actions | Promise<Actions>;
}

export interface MappingDeps extends ModelDeps {
  /** Throws an Error where the config cannot grant these tools. */
  readonly checkTools: (tools: readonly string[]) => void;
  /** shows names of variables in place of what they hold, in words about the rule */
  readonly hide?: (text: string) => string;
  /** what a run may do whose mapping does not say so */
  readonly usualTools: Policy['tools'];
  readonly transforms: Pick<Transforms, 'run'>;
  /** how long the texts of one event may be together */
  readonly maxTextChars: number;
  /** what a caller or a transform may ask for; the rule itself may have more */
  readonly maxTimeoutSeconds: number;
}

const takesAll: CheckPayload = () => [];

/** Compiles a rule, or says everything that is wrong with it; the paths of the problems begin at the rule. */
export function compileMapping(
  rule: MappingRule,
  { id, origin }: Pick<Mapping, 'id' | 'origin'>,
  deps: MappingDeps,
): Checked<Mapping> {
  const problems: Problem[] = [];
  const { schema } = rule;
  const check = schema === undefined ? takesAll : orProblem(problems, '/schema', () => compilePayloadSchema(schema));
  const match = orProblem(problems, '/match', () => compileMatch(rule.match, deps.hide));
  const elementsOf = orProblem(problems, '/forEach', () => compileFanOut(rule.forEach));
  const { name, ...templates } = compileTemplates(rule, problems);
  const models = compileModels(rule, id, deps, problems);
  orProblem(problems, '/tools', () => deps.checkTools(rule.tools ?? []));
  const policy = policyOf(rule, deps.usualTools);
  if (!policy.tools.includes('command')) problems.push(...commandProblems(rule, models, deps.runsCommand));
  if (problems.length > 0 || !match || !check || !elementsOf || !name) return { ok: false, problems };

  const { resolveModel, maxTimeoutSeconds } = deps;
  const value: Mapping = {
    id,
    origin,
    endpoint: 'hooks',
    path: rule.match?.path === undefined ? undefined : hookName(rule.match.path),
    when: describeMatch(rule.match, deps.hide),
    does: describeRule(rule),
    maxBodyBytes: rule.maxBodyBytes,
    policy,
    models: namesOf(models),
    limits: limitsOf(rule, deps.maxTextChars),
    ...(rule.expect !== undefined && { expectMs: durationMs(rule.expect) }),
    verify: rule.verify,
    growth: Math.max(growthOfMatch(rule.match), schema ? growthOfSchema(schema) : 1),
    reads: namesRead(rule, rule.workflow === undefined ? undefined : deps.workflows.get(rule.workflow)?.reads),
    match,
    held: compileHeld(rule.match),
    check,
    act: compileAct({ rule, name, ...templates, ...models, resolveModel, maxTimeoutSeconds }, elementsOf, {
      ...deps,
      mapping: id,
    }),
  };
  return { ok: true, value };
}

/** The templates of a rule, each undefined where it has none or that is wrong; what is wrong is added to the problems. */
function compileTemplates(rule: MappingRule, problems: Problem[]) {
  const compile = (path: string, source: string | undefined) =>
    source === undefined ? undefined : orProblem(problems, path, () => compileTemplate(source));
  const templates = {
    name: compile('/name', rule.name ?? '{{path}}'),
    message: compile('/messageTemplate', rule.messageTemplate),
    text: compile('/textTemplate', rule.textTemplate),
    sessionKey: compile('/sessionKey', rule.sessionKey),
    to: compile('/to', rule.to),
    dedupeKey: compile('/dedupeKey', rule.dedupeKey),
    coalesceKey: compile('/coalesce/key', rule.coalesce?.key),
  };
  // A key without placeholders is the same for every event: a bad one would refuse them all.
  const keyProblem = rule.sessionKey?.includes('{{') === false ? sessionKeyProblem(rule.sessionKey) : undefined;
  if (keyProblem !== undefined) problems.push({ path: '/sessionKey', message: keyProblem });
  return templates;
}

function policyOf(rule: MappingRule, usualTools: Policy['tools']): Policy {
  const usual = { ...usualPolicy, tools: usualTools };
  const { allowUnsafeExternalContent, updateMainSession, screen, tools, context } = { ...usual, ...rule };
  const retryForMs = rule.retryFor === undefined ? undefined : durationMs(rule.retryFor);
  const policy = { allowUnsafeExternalContent, updateMainSession, screen, tools, context };
  return retryForMs === undefined ? policy : { ...policy, retryForMs };
}

export function limitsOf(
  { coalesce, rate, maxConcurrent, budget }: Pick<MappingRule, 'coalesce' | 'rate' | 'maxConcurrent' | 'budget'>,
  maxChars: number,
): Limits {
  const { quietSeconds = usualQuietSeconds, maxSeconds = usualMaxSeconds } = coalesce ?? {};
  return {
    ...(coalesce && { coalesce: { quietMs: quietSeconds * 1000, maxMs: maxSeconds * 1000, maxChars } }),
    ...(rate !== undefined && { rate: parseRate(rate) }),
    ...(maxConcurrent !== undefined && { maxConcurrent }),
    ...(budget && { perDay: budget.perDay }),
  };
}

/** `/gmail/` and `gmail` are the same hook. */
export function hookName(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

import { isDeepStrictEqual } from 'node:util';
import type { AgentAction } from '../../domain/action.ts';
import { messageOf } from '../../domain/errors.ts';
import { pathSegments, payloadPath, valueAt } from '../../domain/event.ts';
import { type Policy, usualPolicy } from '../../domain/mapping.ts';
import { shorten } from '../../domain/text/shorten.ts';
import { display, type Reference } from '../../domain/text/text.ts';
import { describeProblem, type Problem, toPointer } from '../../schema/problem.ts';
import type { Mapping, MappingDeps } from '../mapping.ts';
import { compilePayloadLimits, declaredFields, isObject, mostProperties } from '../payload/limits.ts';
import { type CheckPayload, compilePayloadSchema, growthOfSchema } from '../payload/schema.ts';
import { freshSessionKey } from '../session-key.ts';
import { countTexts } from '../template/text-limit.ts';
import type { Around } from '../warnings/warning.ts';
import { readSpecFile, type SpecFile } from './spec-file.ts';
import { parseSpecTemplate, type SpecField } from './spec-template.ts';
import type { Flaw } from './yaml-text.ts';

/** The body limit of specs. */
export const specBodyBytes = 10_240;
/** A sender's own words may be in the name of a field. */
const longestDetail = 200;

/** What a spec file comes to. A broken one has no mapping; its `id` is set where one can be made out all the same. */
export interface CompiledSpec {
  readonly id: string | undefined;
  readonly mapping: Mapping | undefined;
  readonly flaws: readonly Flaw[];
  /** what it says and cannot have, though it loads */
  readonly warnings: readonly Flaw[];
}

export interface SpecDeps extends Pick<MappingDeps, 'resolveModel' | 'runsCommand' | 'usualTools' | 'maxTextChars'> {
  /** why no run can be on a model that a spec names; undefined where one may */
  readonly modelProblem: Around['modelProblem'];
}

/** Compiles the text of a spec file into a mapping like any other, or says everything that is wrong with it. */
export function compileSpec(
  text: string,
  { resolveModel, runsCommand, usualTools, maxTextChars, modelProblem }: SpecDeps,
): CompiledSpec {
  const read = readSpecFile(text);
  if (!read.ok) return { id: read.id, mapping: undefined, flaws: read.flaws, warnings: [] };
  const { file } = read;
  const { id, fields, model: asked } = file.frontmatter;
  const flaws: Flaw[] = [];
  function attempt<T>(make: () => T, problemOf: (message: string) => Problem): T | undefined {
    try {
      return make();
    } catch (error) {
      flaws.push(file.flawOf(problemOf(messageOf(error))));
      return undefined;
    }
  }
  const checkSchema = attempt(() => compilePayloadSchema(fields), schemaProblem);
  const model =
    asked &&
    attempt(
      () => resolveModel(asked),
      (message) => ({ path: '/model', message }),
    );
  const policy = policyOf(file.frontmatter, usualTools);
  if ((model || !asked) && runsCommand(model) && !policy.tools.includes('command')) {
    const which = model ? `"${asked}"` : 'the default model';
    const message = `${which} runs a command, for which agents.defaults.tools must list 'command'`;
    flaws.push(file.flawOf({ path: model ? '/model' : '', message }));
  }
  const declared = declaredFields(fields);
  if (declared.length > mostProperties) {
    const message = `expected at most ${mostProperties} properties, found ${declared.length}`;
    flaws.push(file.flawOf({ path: '/fields/properties', message }));
  }
  const { parts, problems } = parseSpecTemplate(file.body, declared);
  for (const { offset, message } of problems) {
    flaws.push({ line: file.bodyLine + file.body.slice(0, offset).split('\n').length - 1, message });
  }
  if (file.body === '') flaws.push({ line: 1, message: 'the body is empty; expected what the agent is asked to do' });
  if (!checkSchema || flaws.length > 0) return { id, mapping: undefined, flaws, warnings: [] };

  const mentioned = parts.filter((part) => typeof part !== 'string');
  const checks = [checkSchema, compilePayloadLimits(fields), checkPresence(mentioned)];
  const { thinking } = file.frontmatter;
  const mapping: Mapping = {
    id: `spec:${id}`,
    origin: 'spec',
    endpoint: 'specs',
    path: id,
    when: '',
    does: 'agent',
    maxBodyBytes: specBodyBytes,
    policy,
    models: model ? [model] : [],
    limits: {},
    verify: undefined,
    growth: growthOfSchema(fields),
    match: () => null,
    held: () => 0,
    check: checkAll(checks),
    act: (context) => {
      const { payload } = context;
      const action: AgentAction = {
        kind: 'agent',
        message: parts.map((part) => (typeof part === 'string' ? part : referenceTo(part, payload))),
        data: referencesTo(declared, payload),
        name: id,
        sessionKey: freshSessionKey(),
        wakeMode: 'next-heartbeat',
        deliver: false,
        channel: 'last',
        ...(model && { model }),
        thinking: thinking ? 'medium' : 'off',
      };
      countTexts(maxTextChars)(action, context);
      return [action];
    },
  };
  const dead = model && asked ? modelProblem(asked) : undefined;
  return { id, mapping, flaws, warnings: dead === undefined ? [] : [file.flawOf({ path: '/model', message: dead })] };
}

/** With where in the schema Ajv found something wrong, which it says in its message. */
function schemaProblem(message: string): Problem {
  const [, at = '', reason = message] = /^schema is invalid: data(\/[^ ]*)? (.*?)(?:, data\/.*)?$/s.exec(message) ?? [];
  return { path: `/fields${at}`, message: reason };
}

/** Whether a run may be on a command is not for a spec to say: it may where any run may. */
function policyOf(frontmatter: SpecFile['frontmatter'], usualTools: Policy['tools']): Policy {
  const { isolated, allow_ping, update_main_session } = frontmatter;
  return {
    ...usualPolicy,
    screen: true,
    tools: [...(allow_ping ? ['ping_user' as const] : []), ...usualTools.filter((tool) => tool === 'command')],
    context: isolated ? 'none' : 'main',
    updateMainSession: update_main_session,
  };
}

/** What is wrong by any of the checks, each thing once. */
function checkAll(checks: readonly CheckPayload[]): CheckPayload {
  return (payload) => {
    if (!isObject(payload)) return ['must be object'];
    const lines = new Set(checks.flatMap((one) => one(payload)));
    return [...lines].map((line) => shorten(line, longestDetail));
  };
}

/** A prompt with a hole in it would be worse than a refusal. */
function checkPresence(fields: readonly SpecField[]): CheckPayload {
  return (payload) =>
    fields
      .filter(({ segments }) => valueAt(payload, segments) === undefined)
      .map(({ segments }) => describeProblem({ path: toPointer(segments), message: 'missing' }));
}

/** The declared fields that a payload has: the agent sees them all, whether the body mentions them or not. */
function referencesTo(declared: readonly string[], payload: unknown): Reference[] {
  const present = declared.filter((name) => valueAt(payload, [name]) !== undefined);
  return present.map((name) => referenceTo({ name, segments: [name] }, payload));
}

/** A name that is no path (`a.b` for the field "a.b") has to bring its value along. */
function referenceTo({ name, segments }: SpecField, payload: unknown): Reference {
  const path = payloadPath(name);
  return isDeepStrictEqual(pathSegments(name), segments)
    ? { path }
    : { path, value: display(valueAt(payload, segments)) };
}

import type { WorkflowAction } from '../../domain/action.ts';
import { messageOf, PartBroken } from '../../domain/errors.ts';
import type { Context } from '../../domain/event.ts';
import { oneLine } from '../../domain/run.ts';
import { stepPlaceholder } from '../../domain/workflow.ts';
import { type Checked, compileSchema, onePerValue } from '../../schema/ajv.ts';
import { found } from '../../schema/found.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';
import { invalidEvent } from '../invalid-event.ts';
import { type ResolveModel, recipient, runName } from '../make-action.ts';
import { isObject, type JsonObject } from '../payload/limits.ts';
import { mostSteps, type WorkflowCall, workflowCallSchema, workflowPayloadSchema } from '../settings/action-schema.ts';
import { capTimeout } from '../timeout-cap.ts';
import {
  type CompiledWorkflow,
  checkStepsBefore,
  listed,
  overDefaults,
  repeatedStepIds,
  stepDefaults,
  stepsFor,
} from '../workflow.ts';

const checkWhole = compileSchema(workflowPayloadSchema);
const checkCall = compileSchema(workflowCallSchema);

/** A message may name so many results, each of which may be long. */
const mostPlaceholders = 20;

interface RequestDeps {
  readonly workflows: ReadonlyMap<string, CompiledWorkflow | undefined>;
  readonly resolveModel: ResolveModel;
  /** what a caller may ask for */
  readonly maxTimeoutSeconds: number;
  /** Throws an Error for a key that a caller may not choose. */
  readonly checkSessionKey: (sessionKey: string) => string;
}

/**
 * The body of `POST /hooks/workflow` as an action: its own steps, or those of the workflow of the config that its id names. Throws
 * InvalidEvent with all that is wrong.
 */
export function workflowAction(body: unknown, context: Context, deps: RequestDeps): WorkflowAction {
  const { workflows, resolveModel, checkSessionKey, maxTimeoutSeconds } = deps;
  const request = isObject(body) ? tidied(body) : {};
  const id = String(request.id);
  const named = request.steps === undefined ? workflows.get(id) : undefined;
  if (!named && request.steps === undefined && workflows.has(id)) {
    throw new PartBroken(`the workflow "${id}" does not load`);
  }
  const checked: Checked<WorkflowCall> = named ? checkCall(request) : checkWhole(isObject(body) ? request : body);
  const problems = [
    ...tooManySteps(body),
    ...(checked.ok ? [] : checked.problems.map((problem) => withReason(problem, request, workflows))),
    ...problemsOf(request, deps),
  ];
  if (!checked.ok || problems.length > 0) {
    const byStep = onePerValue(problems).toSorted((a, b) => stepOf(a) - stepOf(b));
    throw invalidEvent('the workflow is not valid', byStep);
  }

  const { id: workflowId, name, sessionKey, model, thinking, timeoutSeconds, ...fields } = checked.value;
  const usual = named?.rule ?? {};
  const defaults = stepDefaults({
    model: model === undefined ? named?.model : resolveModel(model),
    thinking: thinking ?? usual.thinking,
    timeoutSeconds: usual.timeoutSeconds,
    ...capTimeout(timeoutSeconds, maxTimeoutSeconds),
  });
  const to = fields.to ?? usual.to;
  return {
    kind: 'workflow',
    workflowId,
    name: runName(name ?? usual.name ?? workflowId, context.path),
    steps: named
      ? stepsFor(named, defaults, context)
      : (fields.steps ?? []).map(({ id, name, condition = 'always', ...step }, at) => ({
          id,
          name: runName(name, id),
          condition,
          message: [{ path: `payload.steps[${at}].message` }],
          ...overDefaults(
            defaults,
            stepDefaults({
              model: step.model === undefined ? undefined : resolveModel(step.model),
              thinking: step.thinking,
              ...capTimeout(step.timeoutSeconds, maxTimeoutSeconds),
            }),
          ),
        })),
    outside: !named,
    ...(sessionKey !== undefined && { sessionKey: checkSessionKey(sessionKey) }),
    wakeMode: fields.wakeMode ?? usual.wakeMode ?? 'now',
    continueOnError: fields.continueOnError ?? usual.continueOnError ?? false,
    deliver: fields.deliver ?? usual.deliver ?? false,
    channel: fields.channel ?? usual.channel ?? 'last',
    ...(to !== undefined && { to: recipient(to) }),
  };
}

/** Ids in one line without the blanks round them, so that no two look the same. Too many steps are not looked at. */
function tidied(body: JsonObject): JsonObject {
  const all = stepsOf(body);
  if (!all) return trimId(body);
  const steps = all.length > mostSteps ? [] : all.map((step) => (isObject(step) ? trimId(step) : step));
  return { ...trimId(body), steps };
}

function stepsOf(body: unknown): readonly unknown[] | undefined {
  return isObject(body) && Array.isArray(body.steps) ? body.steps : undefined;
}

function tooManySteps(body: unknown): Problem[] {
  const { length } = stepsOf(body) ?? [];
  if (length <= mostSteps) return [];
  return [{ path: '/steps', message: `expected a list of 1 to ${mostSteps} steps, found a list of ${length}` }];
}

function trimId(holder: JsonObject): JsonObject {
  return typeof holder.id === 'string' ? { ...holder, id: oneLine(holder.id, Infinity) } : holder;
}

/** Who meant a workflow of the config has to know that there is none. */
function withReason(problem: Problem, { id, steps }: JsonObject, workflows: RequestDeps['workflows']): Problem {
  if (problem.path !== '/steps' || steps !== undefined || typeof id !== 'string' || id === '') return problem;
  const known =
    workflows.size > 0 ? `is no ${found('/id', id)}, there are ${listed([...workflows.keys()])}` : 'is none';
  return { ...problem, message: `${problem.message}, or as id that of a workflow in the config: there ${known}` };
}

/** The place among the steps of what has the problem; what is about the whole comes before them. */
function stepOf({ path }: Problem): number {
  return Number(/^\/steps\/(\d+)/.exec(path)?.[1] ?? -1);
}

/** What no schema says, of whatever is right so far. */
function problemsOf(request: JsonObject, { resolveModel, checkSessionKey }: RequestDeps): Problem[] {
  const problems: Problem[] = [];
  const attempt = (path: string, value: unknown, check: (text: string) => unknown) => {
    try {
      if (typeof value === 'string' && value.trim() !== '') check(value);
    } catch (error) {
      problems.push({ path, message: messageOf(error).replace(/^(sessionKey|to):? /, '') });
    }
  };
  const steps = Array.isArray(request.steps) ? request.steps.map((step) => (isObject(step) ? step : {})) : [];
  const ids = steps.map(({ id }) => ({ id: typeof id === 'string' && id !== '' ? id : undefined }));
  attempt('/to', request.to, recipient);
  attempt('/model', request.model, resolveModel);
  attempt('/sessionKey', request.sessionKey, checkSessionKey);
  problems.push(...repeatedStepIds(ids));
  for (const [at, { model, message }] of steps.entries()) {
    attempt(toPointer(['steps', at, 'model']), model, resolveModel);
    attempt(toPointer(['steps', at, 'message']), message, (text) => {
      const named = [...text.matchAll(stepPlaceholder)].map(([, path = '']) => path);
      if (named.length > mostPlaceholders) {
        throw new Error(`names results of steps ${named.length} times; at most ${mostPlaceholders} are taken`);
      }
      named.forEach(checkStepsBefore(ids, at));
    });
  }
  return problems;
}

import { type Checked, compileSchema, onePerValue } from '../../config/ajv.ts';
import { type Problem, toPointer } from '../../config/problem.ts';
import {
  type WorkflowAction,
  type WorkflowCall,
  workflowCallSchema,
  workflowPayloadSchema,
} from '../../domain/action.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Context } from '../../domain/event.ts';
import { oneLine } from '../../domain/run.ts';
import { stepPlaceholder } from '../../domain/workflow.ts';
import { invalidEvent } from '../invalid-event.ts';
import { nameOf, type ResolveModel, recipient } from '../make-action.ts';
import { isObject, type JsonObject } from '../payload-limits.ts';
import { type CompiledWorkflow, checkStepsBefore, repeatedStepIds, stepDefaults, stepsFor } from '../workflow.ts';

const checkWhole = compileSchema(workflowPayloadSchema);
const checkCall = compileSchema(workflowCallSchema);

/** A message may name so many results, each of which may be long. */
const mostPlaceholders = 20;

interface RequestDeps {
  readonly workflows: ReadonlyMap<string, CompiledWorkflow>;
  readonly resolveModel: ResolveModel;
  /** Throws an Error for a key that a caller may not choose. */
  readonly checkSessionKey: (sessionKey: string) => string;
}

/**
 * The body of `POST /hooks/workflow` as an action: its own steps, or those of the workflow of the config that its id names. Throws
 * InvalidEvent with all that is wrong.
 */
export function workflowAction(body: JsonObject, context: Context, deps: RequestDeps): WorkflowAction {
  const { workflows, resolveModel, checkSessionKey } = deps;
  const request = tidied(body);
  const id = String(request.id);
  const named = request.steps === undefined ? workflows.get(id) : undefined;
  const checked: Checked<WorkflowCall> = named ? checkCall(request) : checkWhole(request);
  const problems = [
    ...(checked.ok ? [] : checked.problems.map((problem) => withReason(problem, request))),
    ...problemsOf(request, deps),
  ];
  if (!checked.ok || problems.length > 0) throw invalidEvent('the workflow is not valid', onePerValue(problems));

  const { name, sessionKey, model, thinking, timeoutSeconds, ...fields } = checked.value;
  const usual = named?.rule ?? {};
  const defaults = stepDefaults({
    model: model === undefined ? named?.model : resolveModel(model),
    thinking: thinking ?? usual.thinking,
    timeoutSeconds: timeoutSeconds ?? usual.timeoutSeconds,
  });
  const to = fields.to ?? usual.to;
  return {
    kind: 'workflow',
    workflowId: id,
    name: nameOf(name ?? usual.name ?? id, context.path),
    steps: named
      ? stepsFor(named, defaults, context)
      : (fields.steps ?? []).map(({ id, name, condition = 'always', ...step }, at) => ({
          id,
          name: oneLine(name, 200),
          condition,
          message: [{ path: `payload.steps[${at}].message` }],
          ...defaults,
          ...stepDefaults({ ...step, model: step.model === undefined ? undefined : resolveModel(step.model) }),
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

/** Ids without the blanks round them, so that no two look the same. */
function tidied(body: JsonObject): JsonObject {
  const steps = Array.isArray(body.steps)
    ? { steps: body.steps.map((step) => (isObject(step) ? trimId(step) : step)) }
    : {};
  return { ...trimId(body), ...steps };
}

function trimId(holder: JsonObject): JsonObject {
  return typeof holder.id === 'string' ? { ...holder, id: holder.id.trim() } : holder;
}

/** Who meant a workflow of the config has to know that there is none. */
function withReason(problem: Problem, { id, steps }: JsonObject): Problem {
  if (problem.path !== '/steps' || steps !== undefined || typeof id !== 'string') return problem;
  return { ...problem, message: `${problem.message}, or the id of one of the workflows in the config` };
}

/** What no schema says, of whatever is right so far. */
function problemsOf(request: JsonObject, { resolveModel, checkSessionKey }: RequestDeps): Problem[] {
  const problems: Problem[] = [];
  const attempt = (path: string, value: unknown, check: (text: string) => unknown) => {
    try {
      if (typeof value === 'string' && value.trim() !== '') check(value);
    } catch (error) {
      problems.push({ path, message: messageOf(error).replace(/^sessionKey:? /, '') });
    }
  };
  const steps = Array.isArray(request.steps) ? request.steps.map((step) => (isObject(step) ? step : {})) : [];
  const ids = steps.map(({ id }, at) => ({ id: typeof id === 'string' && id !== '' ? id : String(at) }));
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

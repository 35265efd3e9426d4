import type { Step, WorkflowAction } from '../domain/action.ts';
import { InvalidEvent } from '../domain/errors.ts';
import { type Context, resolveIn } from '../domain/event.ts';
import { oneLine } from '../domain/run.ts';
import { isBlank } from '../domain/text/text.ts';
import { stepReference } from '../domain/workflow.ts';
import type { Checked } from '../schema/ajv.ts';
import { type Problem, toPointer } from '../schema/problem.ts';
import { type NamesRead, namesRead } from './names-read.ts';
import { orProblem } from './or-problem.ts';
import type { StepRule, WorkflowRule } from './settings/mapping-schema.ts';
import { compileTemplate, maxPieces, type Template, tooManyPieces } from './template/template.ts';

/** A workflow of the config with its templates compiled and its models resolved. */
export interface CompiledWorkflow {
  readonly id: string;
  readonly rule: Omit<WorkflowRule, 'steps'>;
  /** of all steps that name none */
  readonly model: string | undefined;
  readonly steps: readonly CompiledStep[];
  readonly reads: NamesRead;
}

interface CompiledStep extends Omit<Step, 'message'> {
  readonly message: Template;
}

/** Compiles steps, or says everything that is wrong with them; the paths of the problems begin at what has the `steps`. */
export function compileWorkflow(
  id: string,
  { steps, ...rule }: WorkflowRule,
  resolveModel: (name: string) => string,
): Checked<CompiledWorkflow> {
  const problems: Problem[] = [];
  const modelOf = (path: string, model: string | undefined) =>
    model === undefined ? undefined : orProblem(problems, path, () => resolveModel(model));
  const compiled = steps.map((step: StepRule, at): CompiledStep => {
    const { id, name = id, condition = 'always', thinking, timeoutSeconds } = step;
    const path = (field: string) => toPointer(['steps', at, field]);
    const check = checkStepsBefore(steps, at);
    const message = orProblem(problems, path('message'), () => compileTemplate(step.message, check)) ?? (() => []);
    const model = modelOf(path('model'), step.model);
    return {
      id,
      name: oneLine(name, 200),
      condition,
      message,
      ...stepDefaults({ model, thinking, timeoutSeconds }),
    };
  });
  problems.push(...repeatedStepIds(steps));
  const model = modelOf('/model', rule.model);
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, value: { id, rule, model, steps: compiled, reads: namesRead(steps) } };
}

/** The models that a workflow names. */
export function modelsOfSteps({ model, steps }: CompiledWorkflow): string[] {
  return [model, ...steps.map((step) => step.model)].filter((one) => one !== undefined);
}

/** A step that need not have an id yet. */
interface StepBefore {
  readonly id: string | undefined;
}

/** What is wrong with ids that are there twice. */
export function repeatedStepIds(steps: readonly StepBefore[]): Problem[] {
  return steps.flatMap(({ id }, at) => {
    const first = steps.findIndex((step) => step.id === id);
    if (first === at || id === undefined) return [];
    const message = `expected an id of its own, found that of steps[${first}]`;
    return [{ path: toPointer(['steps', at, 'id']), message }];
  });
}

/** Gives the check of a path such as `steps.plan.outputText` in the message of a step: it throws an Error where there will be no result. */
export function checkStepsBefore(steps: readonly StepBefore[], at: number): (path: string) => void {
  const earlier = steps.slice(0, at).flatMap(({ id }) => id ?? []);
  return (path) => {
    const named = stepReference(path);
    if (!named) {
      const field = `a field of the payload is payload.${path}`;
      throw new Error(`{{${path}}}: expected steps.<id>.outputText or steps.<id>.error; ${field}`);
    }
    if (earlier.includes(named.id)) return;
    const known = at === 0 ? 'it is the first' : `before it ${earlier.length === 1 ? 'is' : 'are'} ${listed(earlier)}`;
    const tag = `{{steps.${shortened(named.id)}.${named.field}}}`;
    throw new Error(`${tag}: there is no such step before this one; ${known}`);
  };
}

/** The first few names of many: what a sender is told must not be longer than what it sent. */
export function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  const some = names.slice(0, mostListed).map(shortened);
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ');
}
const mostListed = 10;

const shortened = (name: string) => oneLine(name, 60);

type Defaults = Pick<Step, 'model' | 'thinking' | 'timeoutSeconds' | 'warnings'>;

/** Without what is not said, so that one may be laid over another. */
export function stepDefaults({
  model,
  thinking,
  timeoutSeconds,
  warnings,
}: { [K in keyof Defaults]: Defaults[K] | undefined }): Defaults {
  return {
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(warnings && { warnings }),
  };
}

/** A step over the defaults; what was made of a default is no warning for a step that has its own. */
export function overDefaults<T extends Defaults>({ warnings, ...defaults }: Defaults, step: T): Defaults & T {
  const warned = step.timeoutSeconds === undefined && warnings && { warnings };
  return { ...defaults, ...warned, ...step };
}

/** The steps for one event, each with what it takes from the whole. Throws InvalidEvent where one has nothing to say. */
export function stepsFor({ steps }: CompiledWorkflow, defaults: Defaults, context: Context): WorkflowAction['steps'] {
  const resolve = resolveIn(context);
  let pieces = 0;
  return steps.map((step, at) => {
    const message = step.message(context);
    pieces += message.length;
    if (pieces > maxPieces) throw tooManyPieces();
    // What a step will have said is not known yet.
    const hasResult = message.some((part) => typeof part !== 'string' && stepReference(part.path));
    if (!hasResult && isBlank(message, resolve))
      throw new InvalidEvent(`steps[${at}].message is empty with this event`);
    return { ...overDefaults(defaults, step), message };
  });
}

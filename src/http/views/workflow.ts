import { type Static, Type } from 'typebox';
import { isOver, runErrorCodes, runStatuses } from '../../domain/run.ts';
import { stepStates, type WorkflowRun } from '../../domain/workflow.ts';
import type { StepRun } from '../../store/queries/workflows.ts';
import { errorFor, type Reader } from './reader.ts';
import { count, orNull, time } from './shape.ts';

/** A workflow as lists show it. */
export const workflowRowSchema = Type.Object({
  workflowRunId: Type.String(),
  workflowId: Type.String(),
  workflowName: Type.String(),
  sessionKey: Type.String(),
  status: Type.Enum(runStatuses),
  createdAt: time,
  startedAt: orNull(time),
  completedAt: orNull(time),
  stepsCompleted: count,
  stepsTotal: count,
  currentStep: orNull(Type.String({ description: 'The id of the step at which it is.' })),
  summary: orNull(Type.String()),
  error: orNull(Type.String()),
  errorCode: orNull(Type.Enum(runErrorCodes)),
});

export function workflowRow(
  workflow: WorkflowRun,
  runs: readonly Pick<StepRun, 'step' | 'status'>[],
): Static<typeof workflowRowSchema> {
  const { action } = workflow;
  const states = stepStates(workflow, runs);
  const current = states.findIndex(({ status }) => status === 'running' || status === 'pending');
  return {
    workflowRunId: workflow.id,
    workflowId: action.workflowId,
    workflowName: action.name,
    sessionKey: workflow.sessionKey,
    status: workflow.status,
    createdAt: workflow.createdAt,
    startedAt: workflow.startedAt,
    completedAt: workflow.completedAt,
    stepsCompleted: states.filter(({ status }) => status === 'ok').length,
    stepsTotal: states.length,
    currentStep: isOver(workflow) ? null : (action.steps[current]?.id ?? null),
    summary: workflow.summary,
    error: workflow.error,
    errorCode: workflow.errorCode,
  };
}

const stepSchema = Type.Object({
  stepId: Type.String(),
  stepName: Type.String(),
  status: Type.Enum(['pending', 'running', 'ok', 'error', 'skipped']),
  runId: orNull(Type.String()),
  startedAt: orNull(time),
  completedAt: orNull(time),
  summary: orNull(Type.String()),
  outputText: orNull(Type.String()),
  error: orNull(Type.String()),
  errorCode: orNull(Type.Enum(runErrorCodes)),
});

export const workflowSchema = Type.Object({ ...workflowRowSchema.properties, steps: Type.Array(stepSchema) });

/** A workflow with where each of its steps is. Without `outputs`, the replies by the ids of the runs, no step has one. */
export function workflowView(
  workflow: WorkflowRun,
  runs: readonly StepRun[],
  reader: Reader,
  outputs: ReadonlyMap<string, string | null> = new Map(),
): Static<typeof workflowSchema> {
  const steps = stepStates(workflow, runs).map(({ status, run }, at) => ({
    stepId: workflow.action.steps[at]?.id ?? '',
    stepName: workflow.action.steps[at]?.name ?? '',
    status,
    runId: run?.id ?? null,
    startedAt: run?.startedAt ?? null,
    completedAt: run?.completedAt ?? null,
    summary: run?.summary ?? null,
    outputText: (run && outputs.get(run.id)) ?? null,
    error: run ? errorFor(run.error, run.id, reader) : null,
    errorCode: run?.errorCode ?? null,
  }));
  return { ...workflowRow(workflow, runs), steps };
}

import type { Run } from '../../domain/run.ts';
import { oursOf } from '../../domain/text/said.ts';
import { display, type Resolve } from '../../domain/text/text.ts';
import { stepPlaceholder, stepReference } from '../../domain/workflow.ts';
import type { Executor } from '../../store/database.ts';
import { findWorkflowRun, stepOutputsOf, stepRunsOf } from '../../store/queries/workflows.ts';
import { cut, maxResult } from './run-tools.ts';

/**
 * For the run of a step: finds what its message names of earlier steps, and the rest by `resolve`. A model wrote those results,
 * so they are data like everything that is found here.
 */
export async function withStepResults(
  db: Executor,
  { workflowRunId, action }: Run,
  resolve: Resolve,
): Promise<Resolve> {
  const workflow = workflowRunId === null ? undefined : await findWorkflowRun(db, workflowRunId);
  if (!workflow) return resolve;
  const { steps, outside } = workflow.action;
  const paths = action.message.flatMap((part) => (typeof part === 'string' ? [] : part.path));
  const namesResults = (path: string) =>
    stepReference(path) !== undefined || (outside && display(resolve(path)).search(stepPlaceholder) !== -1);
  // Replies may be long, and most messages name none.
  if (!paths.some(namesResults)) return resolve;
  const runs = await stepRunsOf(db, workflow.id);
  const outputs = await stepOutputsOf(db, workflow.id);

  /** Nothing for a step that did not run, or did not end so. */
  const resultOf = (path: string): string | undefined => {
    const named = stepReference(path);
    if (!named) return undefined;
    const at = steps.findIndex(({ id }) => id === named.id);
    const run = runs.find(({ step }) => step === at);
    const result = named.field === 'error' ? run?.error && oursOf(run.error) : outputs.get(run?.id ?? '');
    return cut(display(result), maxResult);
  };
  return (path) => {
    const result = resultOf(path);
    if (result !== undefined) return result;
    const value = resolve(path);
    if (!outside || typeof value !== 'string') return value;
    return value.replaceAll(stepPlaceholder, (_, name: string) => resultOf(name) ?? '');
  };
}

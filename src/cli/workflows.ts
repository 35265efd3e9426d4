import type { getWorkflow, getWorkflows } from '../http/read/workflows.ts';
import { queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printJson, record, say, table, time } from './print.ts';

export async function listWorkflows(
  cli: Cli,
  { json, workflow: workflowId, ...filter }: { status?: string; workflow?: string; limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(cli, (client) =>
    client.get<typeof getWorkflows>(`/workflows${queryString({ ...filter, workflowId })}`),
  );
  if (json) return printJson(cli, answer);
  if (answer.workflows.length === 0) return say(cli, 'no workflows');
  const rows = answer.workflows.map((row) => [
    row.workflowRunId,
    time(row.createdAt),
    row.status,
    `${row.stepsCompleted}/${row.stepsTotal}`,
    row.workflowName,
    row.summary ?? (row.currentStep === null ? '' : `at ${row.currentStep}`),
  ]);
  say(cli, table(['WORKFLOW RUN', 'CREATED', 'STATUS', 'STEPS', 'NAME', 'SUMMARY'], rows));
  if (answer.total > rows.length) say(cli, `${rows.length} of ${answer.total}`);
}

export async function showWorkflow(cli: Cli, id: string, { json }: { json?: boolean }): Promise<void> {
  const { workflow } = await withClient(cli, (client) =>
    client.get<typeof getWorkflow>(`/workflows/${encodeURIComponent(id)}`),
  );
  if (json) return printJson(cli, workflow);
  const { createdAt, startedAt, completedAt, steps, ...rest } = workflow;
  say(cli, record({ ...rest, created: time(createdAt), started: time(startedAt), completed: time(completedAt) }));
  const rows = steps.map(({ stepId, stepName, status, runId, summary, error }) => [
    stepId,
    stepName,
    status,
    runId ?? '',
    error ?? summary ?? '',
  ]);
  say(cli, `\n${table(['STEP', 'NAME', 'STATUS', 'RUN', 'SUMMARY'], rows)}`);
}

export async function retryWorkflow(cli: Cli, id: string, { unscreened }: { unscreened?: true }): Promise<void> {
  const query = unscreened ? '?unscreened=true' : '';
  await withClient(cli, (client) => client.post(`/workflows/${encodeURIComponent(id)}/retry${query}`));
  say(cli, `workflow ${id} goes on at the step that failed${unscreened ? ', without screening' : ''}`);
}

export async function cancelWorkflow(cli: Cli, id: string): Promise<void> {
  await withClient(cli, (client) => client.post(`/workflows/${encodeURIComponent(id)}/cancel`));
  say(cli, `workflow ${id} is cancelled`);
}

import type { getWorkflow, getWorkflows } from '../http/read/workflows.ts';
import { queryString, withClient } from './client.ts';
import { printJson, record, say, table, time } from './print.ts';

export async function listWorkflows(
  configFile: string,
  { json, workflow: workflowId, ...filter }: { status?: string; workflow?: string; limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(configFile, (client) =>
    client.get<typeof getWorkflows>(`/workflows${queryString({ ...filter, workflowId })}`),
  );
  if (json) return printJson(answer);
  if (answer.workflows.length === 0) return say('no workflows');
  const rows = answer.workflows.map((row) => [
    row.workflowRunId,
    time(row.createdAt),
    row.status,
    `${row.stepsCompleted}/${row.stepsTotal}`,
    row.workflowName,
    row.summary ?? (row.currentStep === null ? '' : `at ${row.currentStep}`),
  ]);
  say(table(['WORKFLOW RUN', 'CREATED', 'STATUS', 'STEPS', 'NAME', 'SUMMARY'], rows));
  if (answer.total > rows.length) say(`${rows.length} of ${answer.total}`);
}

export async function showWorkflow(configFile: string, id: string, { json }: { json?: boolean }): Promise<void> {
  const { workflow } = await withClient(configFile, (client) =>
    client.get<typeof getWorkflow>(`/workflows/${encodeURIComponent(id)}`),
  );
  if (json) return printJson(workflow);
  const { createdAt, startedAt, completedAt, steps, ...rest } = workflow;
  say(record({ ...rest, created: time(createdAt), started: time(startedAt), completed: time(completedAt) }));
  const rows = steps.map(({ stepId, stepName, status, runId, summary, error }) => [
    stepId,
    stepName,
    status,
    runId ?? '',
    error ?? summary ?? '',
  ]);
  say(`\n${table(['STEP', 'NAME', 'STATUS', 'RUN', 'SUMMARY'], rows)}`);
}

export async function retryWorkflow(
  configFile: string,
  id: string,
  { unscreened }: { unscreened?: true },
): Promise<void> {
  const query = unscreened ? '?unscreened=true' : '';
  await withClient(configFile, (client) => client.post(`/workflows/${encodeURIComponent(id)}/retry${query}`));
  say(`workflow ${id} goes on at the step that failed${unscreened ? ', without screening' : ''}`);
}

export async function cancelWorkflow(configFile: string, id: string): Promise<void> {
  await withClient(configFile, (client) => client.post(`/workflows/${encodeURIComponent(id)}/cancel`));
  say(`workflow ${id} is cancelled`);
}

import { isMeant } from '../domain/delivery.ts';
import { dollars } from '../domain/spending.ts';
import type { AnswerOf } from '../http/api/route.ts';
import type { getOwnersRun, listOwnersRuns } from '../http/api/runs.ts';
import { type Client, queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printable, printJson, record, say, table, time } from './print.ts';

type RunRow = AnswerOf<typeof listOwnersRuns>['runs'][number];
type FullRun = AnswerOf<typeof getOwnersRun>['run'];

export async function listRuns(
  cli: Cli,
  { json, ...filter }: RunFilterOptions & { kind?: string; limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(cli, (client) => findRuns(client, filter));
  if (json) return printJson(cli, answer);
  if (answer.runs.length === 0) return say(cli, 'no runs');
  say(cli, runTable(answer.runs));
  if (answer.total > answer.runs.length) say(cli, `${answer.runs.length} of ${answer.total}`);
}

/** What runs are looked for; the API says what is wrong with it. */
export interface RunFilterOptions {
  readonly status?: string;
  readonly code?: string;
  readonly name?: string;
  readonly since?: string;
  readonly hook?: string;
}

export function findRuns(
  client: Client,
  filter: RunFilterOptions & { kind?: string; limit: number },
): Promise<{ runs: RunRow[]; total: number }> {
  return client.get<typeof listOwnersRuns>(`/runs${queryString({ ...filter })}`);
}

export function runTable(runs: readonly RunRow[]): string {
  const rows = runs.map((run) => [
    run.runId,
    time(run.createdAt),
    run.status,
    run.name,
    // What had nothing to say was not to be sent.
    run.delivery && isMeant(run.delivery.error) ? `${run.delivery.status} ${run.delivery.channel}` : '',
    run.error ?? run.summary ?? run.waiting ?? '',
  ]);
  return table(['RUN', 'CREATED', 'STATUS', 'NAME', 'DELIVERY', 'SUMMARY'], rows);
}

export async function showRun(cli: Cli, id: string, { json }: { json?: boolean }): Promise<void> {
  const { run } = await withClient(cli, (client) => client.get<typeof getOwnersRun>(`/runs/${encodeURIComponent(id)}`));
  if (json) return printJson(cli, run);
  const { createdAt, startedAt, completedAt, prompt, outputText, action: _action, eventIds, ...rest } = run;
  const { pings, toolCalls, cost, ...same } = rest;
  const times = { created: time(createdAt), started: time(startedAt), completed: time(completedAt) };
  const spent = cost === null ? {} : { cost: dollars(cost) };
  const events = eventIds.length > 1 ? { eventIds } : {};
  const [calls, said] = [toolCalls.map(callLine), pings.map(pingLine)].map((lines) => lines.join('\n'));
  say(cli, record({ ...same, ...spent, ...events, ...times, prompt, 'tool calls': calls, outputText, pings: said }));
}

function pingLine({ text, channel, to, status, error, messageId, maybeTwice }: FullRun['pings'][number]): string {
  const route = to === null ? channel : `${channel} (${to})`;
  const more = [error, messageId && `message ${messageId}`, maybeTwice && 'maybe twice'].filter(Boolean).join(', ');
  return `${status}${more === '' ? '' : ` (${more})`}, ${route}: ${printable(text ?? '')}`;
}

function callLine({ attempt, name, input, resultChars, ms, error }: FullRun['toolCalls'][number]): string {
  const outcome = error === null ? `${resultChars} characters` : `error: ${error}`;
  return printable(`attempt ${attempt}, ${ms} ms: ${name} ${input} → ${outcome}`);
}

export async function retryRun(cli: Cli, id: string, { unscreened }: { unscreened?: true }): Promise<void> {
  const query = unscreened ? '?unscreened=true' : '';
  await withClient(cli, (client) => client.post(`/runs/${encodeURIComponent(id)}/retry${query}`));
  say(cli, `run ${id} waits to be tried again${unscreened ? ', without screening' : ''}`);
}

export async function cancelRun(cli: Cli, id: string): Promise<void> {
  await withClient(cli, (client) => client.post(`/runs/${encodeURIComponent(id)}/cancel`));
  say(cli, `run ${id} is cancelled`);
}

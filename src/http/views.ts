import type { Event } from '../domain/event.ts';
import type { Mask } from '../domain/mask.ts';
import type { BeatState, NextBeat } from '../domain/next-beat.ts';
import { isOver, oneLine, type Run, type Screening, type Spending } from '../domain/run.ts';
import { oursOf, wholeOf } from '../domain/said.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { stepStates, type WorkflowRun } from '../domain/workflow.ts';
import type { RefusedRequest } from '../ingest/refusals.ts';
import type { Waiting } from '../queue/queue.ts';
import type { Notice } from '../runtime/live-runs.ts';
import type { AlarmRow } from '../store/queries/alarms.ts';
import type { Delivery } from '../store/queries/deliveries.ts';
import type { EventRow } from '../store/queries/events.ts';
import type { SystemEvent } from '../store/queries/inbox.ts';
import type { RunRow } from '../store/queries/runs.ts';
import type { Session, SessionTurn } from '../store/queries/sessions.ts';
import type { DaysSpending } from '../store/queries/spending.ts';
import type { StepRun } from '../store/queries/workflows.ts';

/** The field names that the world sees live only here. */

/** Who reads: whoever has the hook token, or the owner. */
export type Reader = 'hooks' | 'owner';

/** What went wrong, as far as it is for the reader: what others said of it is for the owner. */
function errorFor(recorded: string | null, runId: string, reader: Reader): string | null {
  if (recorded === null || reader === 'owner') return recorded && wholeOf(recorded);
  const ours = oursOf(recorded);
  return ours === recorded ? ours : `${ours}; its owner finds in \`gimli runs show ${runId}\` what was said`;
}

/** A run as `/runs/:runId` shows it. */
export function runView(run: Run, delivery: Delivery | undefined, reader: Reader) {
  return { ...runRow(run, delivery, reader), outputText: run.outputText };
}

/** A run as lists show it: without its reply, which may be long. Times are epoch ms. */
export function runRow(run: RunRow, delivery: Delivery | undefined, reader: Reader) {
  return {
    runId: run.id,
    workflowRunId: run.workflowRunId,
    name: run.name,
    sessionKey: run.sessionKey,
    status: run.status,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    completedAt: run.completedAt,
    summary: run.summary,
    warning: run.warning,
    error: errorFor(run.error, run.id, reader),
    errorCode: run.errorCode,
    attempts: run.attempts,
    model: run.model,
    ...spendingView(run.spending),
    delivery: delivery ? deliveryView(delivery, reader) : null,
  };
}

function spendingView(spending: Spending | null) {
  if (spending === null) return { usage: null, cost: null };
  const { inputTokens, outputTokens, cost, unpricedAnswers } = spending;
  return { usage: { inputTokens, outputTokens }, cost: unpricedAnswers > 0 ? null : rounded(cost) };
}

/** A workflow as lists show it; `currentStep` is the id of the step at which it is. Times are epoch ms. */
export function workflowRow(workflow: WorkflowRun, runs: readonly Pick<StepRun, 'step' | 'status'>[]) {
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

/** A workflow with where each of its steps is. Without `outputs`, the replies by the ids of the runs, no step has one. */
export function workflowView(
  workflow: WorkflowRun,
  runs: readonly StepRun[],
  reader: Reader,
  outputs: ReadonlyMap<string, string | null> = new Map(),
) {
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

/** What is heard of a run under way. What it asks of its tools, and may have them tell its owner, is for the owner alone. */
export function noticeView(notice: Exclude<Notice, { kind: 'changed' }>, reader: Reader) {
  if (notice.kind === 'restart') return {};
  if (notice.kind === 'text') return { text: notice.text };
  const { number: call, name, input, result } = notice.call;
  if (reader === 'owner') return { call, name, input, ...(result && toolResultView(result)) };
  if (!result) return { call, name };
  const { resultChars, ms, error } = result;
  return { call, name, resultChars, ms, failed: error !== null };
}

function toolResultView({ resultChars, ms, error }: Pick<ToolCall, 'resultChars' | 'ms' | 'error'>) {
  return { resultChars, ms, error };
}

function deliveryView(delivery: Delivery, reader: Reader) {
  const { runId, channel, to, status, error, attempts, completedAt, messageId, maybeTwice } = delivery;
  const outcome = { status, error: errorFor(error, runId, reader), attempts, completedAt };
  return { channel, to, ...outcome, messageId, maybeTwice: maybeTwice === 1 };
}

/** What the run's own row does not say of it. */
export interface AboutRun {
  readonly delivery: Delivery | undefined;
  /** the ids of the events that joined it after its first */
  readonly joined: readonly string[];
  readonly waiting: Waiting | undefined;
}

/** A run as its owner sees it. */
export function adminRunRow(run: RunRow, { delivery, joined, waiting }: AboutRun) {
  const { kind, hook, eventId } = run;
  const eventIds = eventId === null ? [] : [eventId, ...joined];
  return {
    ...runRow(run, delivery, 'owner'),
    waiting: waiting ? waitingView(waiting) : null,
    kind,
    hook,
    eventId,
    eventIds,
  };
}

/** Everything about a run: what was asked, under which policy, what was sent to the model, what it had the owner told, what tools it called. */
export function adminRun(run: Run, about: AboutRun, pings: readonly Delivery[], toolCalls: readonly ToolCall[]) {
  const { action, policy, prompt, screening } = run;
  const pingViews = pings.map((ping) => ({ text: ping.text, ...deliveryView(ping, 'owner') }));
  return {
    ...adminRunRow(run, about),
    outputText: run.outputText,
    pings: pingViews,
    toolCalls: toolCalls.map(toolCallView),
    action,
    policy,
    prompt,
    screening: screening && screeningView(screening),
  };
}

function toolCallView({ attempt, name, input, ...result }: ToolCall) {
  return { attempt, name, input, ...toolResultView(result) };
}

function screeningView({ verdict, model, usage, flagged, detail }: Screening) {
  return { verdict, model, usage, flagged, detail: detail && wholeOf(detail) };
}

/** `anthropic` is a provider, `mcp:files` a server of tools, `hook:door` what its owner has paused. */
function gateWords(gate: string): string {
  if (gate.startsWith('hook:')) return 'paused';
  return gate.startsWith('mcp:') ? `MCP server ${gate.slice('mcp:'.length)}` : `provider ${gate}`;
}

const waitingWords = {
  lane: 'behind another run of the session',
  attempt: 'another attempt',
  rate: 'rate',
  maxConcurrent: 'maxConcurrent',
  place: 'a free place',
  budget: 'the budget of the day',
  mappingBudget: 'the budget of the mapping',
} as const;

function waitingView(waiting: NonNullable<AboutRun['waiting']>): string {
  if (waiting.for === 'gate') return gateWords(waiting.gate);
  return waiting.for === 'events'
    ? `gathering until ${new Date(waiting.until).toISOString()}`
    : waitingWords[waiting.for];
}

/** An alarm, open while `endedAt` is null. Times are epoch ms. */
export function alarmView({ cause, sentence, remedy, count, since, lastAt, endedAt }: AlarmRow) {
  return { cause, sentence, remedy, count, since, lastAt, endedAt };
}

/** Characters of a line that was set aside. */
const longestLine = 300;

/** When main looks next and why. `hindrance`: what is in the way of a beat that may be due. Times are epoch ms. */
export function heartbeatView(about: {
  state: BeatState;
  next: NextBeat;
  hindrance: string | null;
  waiting: number;
  aside: readonly SystemEvent[];
}) {
  const { state, next, hindrance, waiting, aside } = about;
  return {
    at: next.at,
    asksModel: next.asks,
    why: next.why,
    hindrance,
    lastAt: state.lastAt,
    failures: state.failures,
    waitingLines: waiting,
    setAside: aside.map(({ source, text, createdAt, setAsideAt }) => ({
      source,
      text: oneLine(text, longestLine),
      createdAt,
      setAsideAt,
    })),
  };
}

export function sessionView({ key, turns, updatedAt, clearedAt }: Session) {
  return { sessionKey: key, turns, updatedAt, clearedAt };
}

export function turnView({ id, name, completedAt, model, prompt, outputText }: SessionTurn) {
  return { runId: id, name, completedAt, model, prompt, outputText };
}

/** What was spent, the newest day first, and in each day what cost most. `cost` is null where none of it is known. */
export function costsView(
  rows: readonly DaysSpending[],
  { perRun, perDay, isDaySpent }: { perRun?: number; perDay?: number; isDaySpent: boolean },
) {
  const days = [...Map.groupBy(rows, ({ day }) => day)].map(([day, ofDay]) => ({
    day,
    ...totalOf(ofDay),
    mappings: ofDay.map((row) => ({ mapping: row.mapping, ...totalOf([row]) })),
  }));
  return { days, total: totalOf(rows), budget: { perRun: perRun ?? null, perDay: perDay ?? null, isDaySpent } };
}

function totalOf(rows: readonly DaysSpending[]) {
  const sum = (of: Exclude<keyof DaysSpending, 'day' | 'mapping'>) => rows.reduce((sum, row) => sum + row[of], 0);
  const [cost, unpricedAnswers] = [sum('cost'), sum('unpricedAnswers')];
  return {
    runs: sum('runs'),
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    cost: cost === 0 && unpricedAnswers > 0 ? null : rounded(cost),
    unpricedAnswers,
  };
}

/** Without the dust that sums of fractions leave behind; far below the price of one token. */
function rounded(cost: number): number {
  return Math.round(cost * 1e9) / 1e9;
}

export function eventRow(event: EventRow) {
  const { id, endpoint, hook, receivedAt, mapping, outcome, detail, status, response, replayOf } = event;
  return {
    eventId: id,
    endpoint,
    hook,
    receivedAt,
    outcome,
    mapping,
    detail,
    status,
    answer: response && JSON.parse(response),
    replayOf,
  };
}

/** A caller may have put a secret of ours anywhere. */
export function refusedRow(refused: RefusedRequest, mask: Mask) {
  const { time, hook, method, path, type, address, status, step, detail, body } = refused;
  return { time, hook: mask(hook), method, path: mask(path), type, address, status, step, detail, body: mask(body) };
}

/** An event with what was received; a body that is no UTF-8 text is shown as base64. */
export function eventView(event: Event) {
  const { query, headers, body } = event;
  const text = body.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(body) ? { body: text } : { bodyBase64: body.toString('base64') };
  return { ...eventRow(event), query, headers, ...shown };
}

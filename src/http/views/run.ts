import { type Static, Type } from 'typebox';
import { type Run, runErrorCodes, runStatuses, type Screening, type Spending } from '../../domain/run.ts';
import { wholeOf } from '../../domain/text/said.ts';
import type { ToolCall } from '../../domain/tool-call.ts';
import type { Waiting } from '../../queue/queue.ts';
import type { Delivery } from '../../store/queries/deliveries.ts';
import type { RunRow } from '../../store/queries/runs.ts';
import { deliverySchema, deliveryView, pingSchema, pingView } from './delivery.ts';
import { rounded } from './money.ts';
import { errorFor, type Reader } from './reader.ts';
import { cost, count, orNull, time } from './shape.ts';

const usage = Type.Object({ inputTokens: count, outputTokens: count });

/** A run as lists show it: without its reply, which may be long. */
export const runRowSchema = Type.Object({
  runId: Type.String(),
  workflowRunId: orNull(Type.String({ description: 'Of the workflow that it is a step of.' })),
  name: Type.String(),
  sessionKey: Type.String(),
  status: Type.Enum(runStatuses),
  createdAt: time,
  startedAt: orNull(time),
  completedAt: orNull(time),
  summary: orNull(Type.String()),
  warning: orNull(Type.String()),
  error: orNull(Type.String()),
  errorCode: orNull(Type.Enum(runErrorCodes)),
  attempts: count,
  model: orNull(Type.String()),
  usage: orNull(usage),
  cost,
  delivery: orNull(deliverySchema),
});

export function runRow(run: RunRow, delivery: Delivery | undefined, reader: Reader): Static<typeof runRowSchema> {
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

/** A run as whoever has the hook token sees it. */
export const runSchema = Type.Object({ ...runRowSchema.properties, outputText: orNull(Type.String()) });

export function runView(run: Run, delivery: Delivery | undefined, reader: Reader): Static<typeof runSchema> {
  return { ...runRow(run, delivery, reader), outputText: run.outputText };
}

function spendingView(spending: Spending | null) {
  if (spending === null) return { usage: null, cost: null };
  const { inputTokens, outputTokens, cost, unpricedAnswers } = spending;
  return { usage: { inputTokens, outputTokens }, cost: unpricedAnswers > 0 ? null : rounded(cost) };
}

/** What the run's own row does not say of it. */
export interface AboutRun {
  readonly delivery: Delivery | undefined;
  /** the ids of the events that joined it after its first */
  readonly joined: readonly string[];
  readonly waiting: Waiting | undefined;
}

/** A run as lists show it to its owner. */
export const ownersRunRowSchema = Type.Object({
  ...runRowSchema.properties,
  waiting: orNull(Type.String({ description: 'What it waits for, in words.' })),
  kind: Type.Enum(['hook', 'heartbeat']),
  hook: Type.String(),
  eventId: orNull(Type.String()),
  eventIds: Type.Array(Type.String(), { description: 'All that it gathered, the first first.' }),
});

export function ownersRunRow(run: RunRow, { delivery, joined, waiting }: AboutRun): Static<typeof ownersRunRowSchema> {
  const { kind, hook, eventId } = run;
  const eventIds = eventId === null ? [] : [eventId, ...joined];
  const waitsFor = waiting ? waitingView(waiting) : null;
  return { ...runRow(run, delivery, 'owner'), waiting: waitsFor, kind, hook, eventId, eventIds };
}

const toolResult = { resultChars: count, ms: Type.Number(), error: orNull(Type.String()) };
const toolCallSchema = Type.Object({
  attempt: Type.Integer(),
  name: Type.String(),
  input: Type.String({ description: 'JSON, cut.' }),
  ...toolResult,
});

const screeningSchema = Type.Object({
  verdict: Type.Enum(['clean', 'flagged', 'failed', 'skipped']),
  model: orNull(Type.String()),
  usage: orNull(usage),
  flagged: Type.Array(
    Type.Object({ name: Type.String(), verdict: Type.Enum(['suspicious', 'injection']), reason: Type.String() }),
  ),
  detail: orNull(Type.String()),
});

/** Everything about a run: what was asked, under which policy, what was sent to the model, what it had the owner told, what tools it called. */
export const ownersRunSchema = Type.Object({
  ...ownersRunRowSchema.properties,
  outputText: orNull(Type.String()),
  pings: Type.Array(pingSchema),
  toolCalls: Type.Array(toolCallSchema),
  action: Type.Unknown({ description: 'What was asked for.' }),
  policy: Type.Unknown({ description: 'What its mapping granted it.' }),
  prompt: orNull(Type.String({ description: 'As sent to the model.' })),
  screening: orNull(screeningSchema),
});

export function ownersRun(
  run: Run,
  about: AboutRun,
  pings: readonly Delivery[],
  toolCalls: readonly ToolCall[],
): Static<typeof ownersRunSchema> {
  const { action, policy, prompt, screening } = run;
  return {
    ...ownersRunRow(run, about),
    outputText: run.outputText,
    pings: pings.map(pingView),
    toolCalls: toolCalls.map(toolCallView),
    action,
    policy,
    prompt,
    screening: screening && screeningView(screening),
  };
}

function toolCallView({ attempt, name, input, ...result }: ToolCall): Static<typeof toolCallSchema> {
  return { attempt, name, input, ...toolResultView(result) };
}

export function toolResultView({ resultChars, ms, error }: Pick<ToolCall, 'resultChars' | 'ms' | 'error'>) {
  return { resultChars, ms, error };
}

function screeningView({ verdict, model, usage, flagged, detail }: Screening): Static<typeof screeningSchema> {
  return { verdict, model, usage, flagged: [...flagged], detail: detail && wholeOf(detail) };
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

function waitingView(waiting: Waiting): string {
  if (waiting.for === 'gate') return gateWords(waiting.gate);
  return waiting.for === 'events'
    ? `gathering until ${new Date(waiting.until).toISOString()}`
    : waitingWords[waiting.for];
}

/** `anthropic` is a provider, `mcp:files` a server of tools, `hook:door` what its owner has paused. */
function gateWords(gate: string): string {
  if (gate.startsWith('hook:')) return 'paused';
  return gate.startsWith('mcp:') ? `MCP server ${gate.slice('mcp:'.length)}` : `provider ${gate}`;
}

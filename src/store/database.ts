import type { Generated, Kysely } from 'kysely';
import type { Endpoint, Outcome } from '../domain/event.ts';
import type { JobKind } from '../domain/job.ts';
import type { RunErrorCode, RunStatus } from '../domain/run.ts';
import type { ToolCall } from '../domain/tool-call.ts';

/** The tables, a noun each. Times are epoch ms; columns that end in `Json` hold JSON text. */
export interface Database {
  events: {
    id: string;
    endpoint: Endpoint;
    hook: string;
    receivedAt: number;
    queryJson: string;
    headersJson: string;
    body: Buffer;
    mapping: string | null;
    outcome: Outcome;
    detail: string | null;
    status: number;
    response: string | null;
    replayOf: string | null;
  };
  /** what tells a delivery from its repetition: remembered as long as its event */
  deliveryKeys: { endpoint: Endpoint; hook: string; key: string; eventId: string };
  runs: {
    id: string;
    kind: 'hook' | 'heartbeat';
    eventId: string | null;
    workflowRunId: string | null;
    step: number | null;
    cancelled: Generated<0 | 1>;
    hook: string;
    name: string;
    sessionKey: string;
    status: RunStatus;
    actionJson: string;
    policyJson: string;
    createdAt: number;
    startedAt: number | null;
    completedAt: number | null;
    attempts: Generated<number>;
    model: string | null;
    spendingJson: string | null;
    prompt: string | null;
    replyJson: string | null;
    outputText: string | null;
    summary: string | null;
    warning: string | null;
    error: string | null;
    errorCode: RunErrorCode | null;
    screeningJson: string | null;
  };
  workflowRuns: {
    id: string;
    workflowId: string;
    name: string;
    eventId: string;
    hook: string;
    sessionKey: string;
    status: RunStatus;
    actionJson: string;
    policyJson: string;
    group: string | null;
    createdAt: number;
    startedAt: number | null;
    completedAt: number | null;
    summary: string | null;
    error: string | null;
    errorCode: RunErrorCode | null;
  };
  toolCalls: ToolCall & { id: Generated<number>; runId: string };
  /** the events that joined a run after the one that made it, from 1 on */
  runEvents: { runId: string; seq: number; eventId: string; messageJson: string; eachJson: string | null };
  /** main's inbox */
  systemEvents: {
    id: Generated<number>;
    eventId: string | null;
    /** the hook or run that put the line there, for the reader */
    source: string;
    text: string;
    mode: 'now' | 'next-heartbeat';
    createdAt: number;
    /** the heartbeat's run that has taken the line */
    beatId: string | null;
    /** how many heartbeats with this line the model would not answer */
    refusals: Generated<number>;
    readAt: number | null;
  };
  deliveries: {
    id: string;
    runId: string;
    /** the run's reply, or a message to the owner that it asked for meanwhile */
    kind: 'reply' | 'ping';
    sessionKey: string;
    channel: string;
    to: string | null;
    /** null: the run's whole `outputText` */
    text: string | null;
    status: 'pending' | 'sent' | 'failed' | 'skipped';
    error: string | null;
    attempts: Generated<number>;
    createdAt: number;
    completedAt: number | null;
  };
  jobs: {
    id: Generated<number>;
    kind: JobKind;
    ref: string;
    lane: string;
    /** queued: head of its lane; waiting: behind another job of the lane */
    status: 'queued' | 'waiting' | 'running' | 'dead';
    runAt: number;
    attempt: Generated<number>;
    leaseUntil: number | null;
    /** at most one unstarted job has a given key */
    once: string | null;
    error: string | null;
    /** whose limits hold for it; null where none do */
    group: string | null;
    /** 1: it has begun once, and the rate of its group does not count it again */
    begun: Generated<number>;
  };
  /** when jobs of a group with a rate began, as far back as that looks */
  groupStarts: { group: string; at: number };
  /** the sessions that have completed a turn; the turns themselves are their runs */
  sessions: {
    key: string;
    /** how many completed since it was last cleared */
    turns: number;
    /** when its latest turn completed */
    updatedAt: number;
    /** turns that completed earlier are no part of it any more */
    clearedAt: number | null;
  };
  /** what the runs of a mapping spent in a day (UTC, `2026-02-03`); `unpricedAnswers` are not in `cost`, which is in US dollars */
  spending: {
    day: string;
    mapping: string;
    runs: number;
    inputTokens: number;
    outputTokens: number;
    cost: number;
    unpricedAnswers: number;
  };
  /** how many runs there are of each kind and status (`hook.pending`), kept by triggers so that lists need not count rows */
  counters: { name: string; value: number };
}

/** What a query runs on: the group's transaction, or the read-only connection. */
export type Executor = Kysely<Database>;

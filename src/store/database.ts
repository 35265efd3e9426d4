import type { Generated, Kysely } from 'kysely';
import type { Endpoint, Outcome } from '../domain/event.ts';
import type { JobKind } from '../domain/job.ts';
import type { RunErrorCode, RunStatus } from '../domain/run.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import type { Trouble } from '../domain/trouble.ts';

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
    /** null where there are none */
    missesJson: string | null;
  };
  /** what tells a delivery from its repetition: remembered longer than its event */
  deliveryKeys: { endpoint: Endpoint; hook: string; key: string; eventId: string };
  runs: {
    id: string;
    kind: 'hook' | 'heartbeat';
    eventId: string | null;
    workflowRunId: string | null;
    step: number | null;
    cancelled: Generated<0 | 1>;
    /** 1: a heartbeat that only acknowledged, which later ones do not see */
    acknowledged: Generated<0 | 1>;
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
    /** how many events have joined it after the one that made it */
    joined: Generated<number>;
    /** how long the texts of all its events are; null where none may join */
    chars: number | null;
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
    /** how many heartbeats with this line alone the model would not answer */
    refusals: Generated<number>;
    readAt: number | null;
    /** when it was taken out, since the model answers every other line and not this one */
    setAsideAt: number | null;
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
    /** the messenger's own id of what was sent */
    messageId: string | null;
    /** 0 or 1: the recipient may have it once more than is known, since nobody knows what came of one of the attempts */
    maybeTwice: Generated<number>;
  };
  jobs: {
    id: Generated<number>;
    kind: JobKind;
    ref: string;
    lane: string;
    /** queued: head of its lane; gated: the same, until its gate opens; waiting: behind another job of the lane */
    status: 'queued' | 'gated' | 'waiting' | 'running' | 'dead';
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
    /** how many of its attempts do not count, since they failed for all that wait at its gate */
    uncounted: Generated<number>;
    /** the gate at which it waits, or has waited last */
    gate: string | null;
    /** epoch ms: it waits no longer than that at a gate which may stay shut for ever */
    giveUpAt: number | null;
  };
  /** what is in trouble, and so lets no work through but probes; one that is well has no row */
  gates: {
    /** a provider, or `mcp:` and a server, or `hook:` and a hook that its owner has paused */
    key: string;
    /** shut: only a probe passes; opening: the work that waits is let go little by little */
    state: 'shut' | 'opening';
    trouble: Trouble | 'paused';
    /** for the owner */
    reason: string;
    since: number;
    /** how many calls have failed */
    tries: number;
    /** how many probes have failed */
    probes: number;
    /** when the next probe goes out, in epoch ms; null where none does */
    probeAt: number | null;
    /** the job that is the probe under way */
    probeJob: number | null;
  };
  alarms: {
    id: Generated<number>;
    /** what it is about, such as `provider:anthropic`; one alarm for a cause is open at a time */
    cause: string;
    sentence: string;
    /** what to do */
    remedy: string;
    /** how often it was raised */
    count: number;
    since: number;
    lastAt: number;
    endedAt: number | null;
    /** what its owner was told last, and when */
    told: 'raised' | 'ended' | null;
    toldAt: number | null;
  };
  /** one row: what the heartbeat remembers */
  heartbeat: { id: number; stateJson: string };
  /** when an event of a mapping that expects some was last accepted */
  lastEvents: { mapping: string; at: number };
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
  /** what is left of an event that is gone and has a delivery key: how a repetition is answered. `bodyHash` is SHA-256 in hex, of the body and then of the query. */
  answeredEvents: { id: string; mapping: string | null; status: number; response: string | null; bodyHash: string };
  /** how many rows of a noun were removed since the store was made, and when last */
  removed: { noun: string; rows: number; at: number };
  /** how many runs there are of each kind and status (`hook.pending`), kept by triggers so that lists need not count rows */
  counters: { name: string; value: number };
}

/** What a query runs on: the group's transaction, or the read-only connection. */
export type Executor = Kysely<Database>;

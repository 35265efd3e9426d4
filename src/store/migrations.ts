import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Numbered for ever: a migration that has been released is never edited, only followed by another. */
export const sqliteMigrations: Record<string, Migration> = {
  '001-core': statements(() => core),
  '002-limits': statements(() => limits),
  '003-sessions': statements(() => sessions),
  '004-costs': statements(() => costs),
  '005-workflows': statements(() => workflows),
  '006-unattended': statements(() => unattended),
  '007-keep': statements(() => keep),
};

function statements(list: () => readonly string[]): Migration {
  return {
    async up(db) {
      for (const statement of list()) await sql.raw(statement).execute(db);
    },
  };
}

const core = [
  `create table events (
    id text primary key not null, endpoint text not null, hook text not null, receivedAt integer not null,
    queryJson text not null, headersJson text not null, body blob not null, mapping text, outcome text not null,
    detail text, status integer not null, response text, replayOf text, missesJson text)`,
  'create index eventsByHook on events (hook, id)',
  'create index eventsByOutcome on events (outcome, id)',
  `create table deliveryKeys (
    endpoint text not null, hook text not null, key text not null, eventId text not null,
    primary key (endpoint, hook, key)) without rowid`,

  `create table runs (
    id text primary key not null, kind text not null, eventId text, hook text not null, name text not null,
    sessionKey text not null, status text not null, actionJson text not null, policyJson text not null,
    createdAt integer not null, startedAt integer, completedAt integer, attempts integer not null default 0,
    model text, usageJson text, prompt text, replyJson text, outputText text, summary text, warning text, error text, errorCode text,
    screeningJson text)`,
  'create index runsByStatus on runs (status, id)',
  // SQLite uses a partial index only for a query that has the same condition as a literal, not as a parameter.
  `create index completedRunsBySession on runs (sessionKey, completedAt) where status = 'completed'`,
  `create index heartbeats on runs (id) where kind = 'heartbeat'`,
  `create index openHeartbeats on runs (id) where kind = 'heartbeat' and status in ('pending', 'running')`,

  `create table toolCalls (
    id integer primary key, runId text not null, attempt integer not null, name text not null, input text not null,
    resultChars integer not null, ms integer not null, error text)`,
  `create index toolCallsByRun on toolCalls (runId, id)`,
  `create trigger removeToolCalls after delete on runs begin delete from toolCalls where runId = old.id; end`,

  `create table systemEvents (
    id integer primary key, eventId text, source text not null, text text not null, mode text not null,
    createdAt integer not null, beatId text, refusals integer not null default 0, readAt integer)`,
  `create index unreadSystemEvents on systemEvents (beatId, id) where readAt is null`,
  `create index readSystemEvents on systemEvents (beatId, id) where readAt is not null`,

  `create table deliveries (
    id text primary key not null, runId text not null, kind text not null, sessionKey text not null, channel text not null,
    "to" text, text text, status text not null, error text, attempts integer not null default 0, createdAt integer not null, completedAt integer)`,
  `create index deliveriesByRun on deliveries (runId)`,
  `create index deliveriesOfMain on deliveries (completedAt) where sessionKey = 'main' and status = 'sent'`,

  `create table jobs (
    id integer primary key autoincrement, kind text not null, ref text not null, lane text not null, status text not null,
    runAt integer not null, attempt integer not null default 0, leaseUntil integer, once text, error text)`,
  `create unique index jobsHead on jobs (lane) where status in ('queued', 'running')`,
  `create index jobsWaiting on jobs (lane, id) where status = 'waiting'`,
  `create index jobsReady on jobs (kind, runAt, id) where status = 'queued'`,
  `create index jobsRunning on jobs (kind, leaseUntil) where status = 'running'`,
  `create unique index jobsOnce on jobs (once) where once is not null and status in ('queued', 'waiting')`,
  `create index jobsDead on jobs (ref) where status = 'dead'`,

  'create table counters (name text primary key not null, value integer not null) without rowid',
  `create trigger countNewRun after insert on runs begin
     insert into counters values (new.kind || '.' || new.status, 1) on conflict (name) do update set value = value + 1; end`,
  `create trigger countRunStatus after update of status on runs when old.status <> new.status begin
     update counters set value = value - 1 where name = old.kind || '.' || old.status;
     insert into counters values (new.kind || '.' || new.status, 1) on conflict (name) do update set value = value + 1; end`,
  `create trigger countRemovedRun after delete on runs begin
     update counters set value = value - 1 where name = old.kind || '.' || old.status; end`,
];

const limits = [
  `create table runEvents (
    runId text not null, seq integer not null, eventId text not null, messageJson text not null, eachJson text,
    primary key (runId, seq)) without rowid`,
  `create trigger forgetRunEvents after delete on runs begin delete from runEvents where runId = old.id; end`,

  'alter table jobs add column "group" text',
  'alter table jobs add column begun integer not null default 0',
  'drop index jobsReady',
  `create index jobsReady on jobs (kind, runAt, id) where status = 'queued' and "group" is null`,
  `create index groupedJobsReady on jobs (kind, "group", begun, runAt, id) where status = 'queued' and "group" is not null`,
  `create index groupedJobsRunning on jobs ("group") where status = 'running' and "group" is not null`,
  'create table groupStarts ("group" text not null, at integer not null)',
  'create index groupStartsByTime on groupStarts ("group", at)',
];

const sessions = [
  `create table sessions (
    key text primary key not null, turns integer not null, updatedAt integer not null, clearedAt integer) without rowid`,
  // The index has all of it; left to itself SQLite takes another, and reads every run with its texts.
  `insert into sessions (key, turns, updatedAt)
     select sessionKey, count(*), max(completedAt) from runs indexed by completedRunsBySession
     where status = 'completed' group by sessionKey`,
  'create index sessionsByTime on sessions (updatedAt, key)',
];

const costs = [
  'alter table runs rename column usageJson to spendingJson',
  `create table spending (
    day text not null, mapping text not null, runs integer not null, inputTokens integer not null, outputTokens integer not null,
    cost real not null, unpricedAnswers integer not null, primary key (day, mapping)) without rowid`,
];

const workflows = [
  `create table workflowRuns (
    id text primary key not null, workflowId text not null, name text not null, eventId text not null, hook text not null,
    sessionKey text not null, status text not null, actionJson text not null, policyJson text not null, "group" text,
    createdAt integer not null, startedAt integer, completedAt integer, summary text, error text, errorCode text)`,
  'create index workflowRunsByStatus on workflowRuns (status, id)',
  'create index workflowRunsByWorkflow on workflowRuns (workflowId, id)',
  'create index workflowRunsByWorkflowAndStatus on workflowRuns (workflowId, status, id)',
  `create index openWorkflowRuns on workflowRuns (sessionKey) where status in ('pending', 'running')`,
  'alter table runs add column workflowRunId text',
  'alter table runs add column step integer',
  'alter table runs add column cancelled integer not null default 0',
  // With the status, so that lists need not read the runs, whose texts are long.
  'create index runsOfWorkflows on runs (workflowRunId, step, status) where workflowRunId is not null',
  `create trigger countNewWorkflow after insert on workflowRuns begin
     insert into counters values ('workflow.' || new.status, 1) on conflict (name) do update set value = value + 1; end`,
  `create trigger countWorkflowStatus after update of status on workflowRuns when old.status <> new.status begin
     update counters set value = value - 1 where name = 'workflow.' || old.status;
     insert into counters values ('workflow.' || new.status, 1) on conflict (name) do update set value = value + 1; end`,
  `create trigger countRemovedWorkflow after delete on workflowRuns begin
     update counters set value = value - 1 where name = 'workflow.' || old.status; end`,
];

const unattended = [
  // A job at a gate keeps its place at the head of its lane.
  'alter table jobs add column gate text',
  'alter table jobs add column giveUpAt integer',
  'alter table jobs add column uncounted integer not null default 0',
  'drop index jobsHead',
  `create unique index jobsHead on jobs (lane) where status in ('queued', 'running', 'gated')`,
  `create index jobsGated on jobs (gate, runAt, id) where status = 'gated'`,
  `create index jobsGivingUp on jobs (giveUpAt) where status = 'gated' and giveUpAt is not null`,
  `create table gates (
    key text primary key not null, state text not null, trouble text not null, reason text not null, since integer not null,
    tries integer not null, probes integer not null, probeAt integer, probeJob integer) without rowid`,

  `create table alarms (
    id integer primary key, cause text not null, sentence text not null, remedy text not null, count integer not null,
    since integer not null, lastAt integer not null, endedAt integer, told text, toldAt integer)`,
  'create unique index openAlarms on alarms (cause) where endedAt is null',

  'create table heartbeat (id integer primary key check (id = 1), stateJson text not null)',
  'alter table systemEvents add column setAsideAt integer',
  'create index linesSetAside on systemEvents (setAsideAt) where setAsideAt is not null',
  'drop index unreadSystemEvents',
  'create index unreadSystemEvents on systemEvents (beatId, id) where readAt is null and setAsideAt is null',
  // A beat that only acknowledged is no turn of main.
  'alter table runs add column acknowledged integer not null default 0',
  'drop index completedRunsBySession',
  `create index turnsBySession on runs (sessionKey, completedAt) where status = 'completed' and acknowledged = 0`,
  // When an event of a mapping that expects some was last accepted.
  'create table lastEvents (mapping text primary key not null, at integer not null) without rowid',
];

const keep = [
  // What a run leaves behind goes with it.
  `create trigger removeDeliveries after delete on runs begin delete from deliveries where runId = old.id; end`,
  `create trigger removeJobs after delete on runs begin delete from jobs where ref = old.id and status = 'dead'; end`,
  `create trigger removeDeliveryJobs after delete on deliveries begin
     delete from jobs where ref = old.id and status = 'dead'; end`,
  `create trigger removeReadLines after delete on runs when old.kind = 'heartbeat' begin
     delete from systemEvents where beatId = old.id and readAt is not null; end`,
  `create trigger removeTurn after delete on runs when old.status = 'completed' and old.acknowledged = 0 begin
     update sessions set turns = turns - 1 where key = old.sessionKey and turns > 0 and old.completedAt >= coalesce(clearedAt, 0);
     delete from sessions where key = old.sessionKey and turns = 0 and not exists (select 1 from runs
       where sessionKey = old.sessionKey and status = 'completed' and acknowledged = 0); end`,

  // What is looked for before an event goes, and when all of a hook goes.
  'create index runsByEvent on runs (eventId) where eventId is not null',
  'create index runsByHook on runs (hook, id)',
  'create index runsByErrorCode on runs (errorCode, id) where errorCode is not null',
  'create index runEventsByEvent on runEvents (eventId)',
  'create index workflowRunsByEvent on workflowRuns (eventId)',
  'create index deliveryKeysByEvent on deliveryKeys (eventId)',

  // What is left of an event that is gone and whose delivery may come again.
  `create table answeredEvents (
    id text primary key not null, mapping text, status integer not null, response text, bodyHash text not null) without rowid`,
  // How many rows of each noun were removed, and when last.
  'create table removed (noun text primary key not null, rows integer not null, at integer not null) without rowid',
];

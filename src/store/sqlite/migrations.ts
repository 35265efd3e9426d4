import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Numbered for ever: a migration that has been released is never edited, only followed by another. */
export const sqliteMigrations: Record<string, Migration> = {
  '001-start': statements(() => [
    ...events,
    ...runs,
    ...workflows,
    ...main,
    ...deliveries,
    ...queue,
    ...sums,
    ...leavings,
  ]),
};

function statements(list: () => readonly string[]): Migration {
  return {
    async up(db) {
      for (const statement of list()) await sql.raw(statement).execute(db);
    },
  };
}

// SQLite uses a partial index only for a query that has the same condition as a literal, not as a parameter. And it reads a row from
// its beginning, so what is long stands last.

const events = [
  `create table events (
    id text primary key not null, endpoint text not null, hook text not null, received_at integer not null,
    query_json text not null, headers_json text not null, body blob not null, mapping text, outcome text not null,
    detail text, status integer not null, response text, replay_of text, misses_json text)`,
  'create index events_by_hook on events (hook, id)',
  'create index events_by_outcome on events (outcome, id)',

  `create table delivery_keys (
    endpoint text not null, hook text not null, key text not null, event_id text not null,
    primary key (endpoint, hook, key)) without rowid`,
  'create index delivery_keys_by_event on delivery_keys (event_id)',
  `create table answered_events (
    id text primary key not null, mapping text, status integer not null, response text, body_hash text not null) without rowid`,
  'create table last_events (mapping text primary key not null, at integer not null) without rowid',
];

const runs = [
  `create table runs (
    id text primary key not null, kind text not null, event_id text, workflow_run_id text, step integer, hook text not null,
    name text not null, session_key text not null, status text not null, cancelled integer not null default 0,
    acknowledged integer not null default 0, created_at integer not null, started_at integer, completed_at integer,
    attempts integer not null default 0, joined integer not null default 0, chars integer, model text, error_code text, spending_json text, summary text, warning text, error text,
    policy_json text not null, action_json text not null, screening_json text, prompt text, reply_json text, output_text text)`,
  'create index runs_by_status on runs (status, id)',
  'create index runs_by_hook on runs (hook, id)',
  'create index runs_by_event on runs (event_id) where event_id is not null',
  'create index runs_by_error_code on runs (error_code, id) where error_code is not null',
  // A beat that only acknowledged is no turn of main.
  `create index turns_by_session on runs (session_key, completed_at) where status = 'completed' and acknowledged = 0`,
  `create index heartbeats on runs (id) where kind = 'heartbeat'`,
  `create unique index open_heartbeat on runs (kind) where kind = 'heartbeat' and status in ('pending', 'running')`,
  // With the status, so that lists need not read the runs, whose texts are long.
  'create index runs_of_workflows on runs (workflow_run_id, step, status) where workflow_run_id is not null',

  `create table run_events (
    run_id text not null, seq integer not null, event_id text not null, message_json text not null, each_json text,
    primary key (run_id, seq)) without rowid`,
  'create index run_events_by_event on run_events (event_id)',
  `create table tool_calls (
    id integer primary key, run_id text not null, attempt integer not null, name text not null, input text not null,
    result_chars integer not null, ms integer not null, error text)`,
  'create index tool_calls_by_run on tool_calls (run_id, id)',
];

const workflows = [
  `create table workflow_runs (
    id text primary key not null, workflow_id text not null, name text not null, event_id text not null, hook text not null,
    session_key text not null, status text not null, action_json text not null, policy_json text not null, "group" text,
    created_at integer not null, started_at integer, completed_at integer, summary text, error text, error_code text)`,
  'create index workflow_runs_by_status on workflow_runs (status, id)',
  'create index workflow_runs_by_workflow on workflow_runs (workflow_id, id)',
  'create index workflow_runs_by_workflow_and_status on workflow_runs (workflow_id, status, id)',
  'create index workflow_runs_by_event on workflow_runs (event_id)',
  `create index open_workflow_runs on workflow_runs (session_key) where status in ('pending', 'running')`,
];

const main = [
  `create table sessions (
    key text primary key not null, turns integer not null, updated_at integer not null, cleared_at integer) without rowid`,
  'create index sessions_by_time on sessions (updated_at, key)',
  `create table system_events (
    id integer primary key, event_id text, source text not null, text text not null, mode text not null,
    created_at integer not null, beat_id text, refusals integer not null default 0, read_at integer, set_aside_at integer)`,
  'create index unread_system_events on system_events (beat_id, id) where read_at is null and set_aside_at is null',
  'create index read_system_events on system_events (beat_id, id) where read_at is not null',
  'create index lines_set_aside on system_events (set_aside_at) where set_aside_at is not null',
  'create table heartbeat (id integer primary key check (id = 1), state_json text not null)',
  `create table alarms (
    id integer primary key, cause text not null, sentence text not null, remedy text not null, count integer not null,
    since integer not null, last_at integer not null, ended_at integer, told text, told_at integer)`,
  'create unique index open_alarms on alarms (cause) where ended_at is null',
];

const deliveries = [
  `create table deliveries (
    id text primary key not null, run_id text not null, kind text not null, session_key text not null, channel text not null,
    "to" text, text text, status text not null, error text, attempts integer not null default 0,
    created_at integer not null, completed_at integer, message_id text, maybe_twice integer not null default 0)`,
  'create index deliveries_by_run on deliveries (run_id)',
  `create index deliveries_of_main on deliveries (completed_at) where session_key = 'main' and status = 'sent'`,
];

const queue = [
  `create table jobs (
    id integer primary key autoincrement, kind text not null, ref text not null, lane text not null, status text not null,
    run_at integer not null, attempt integer not null default 0, lease_until integer, once text, error text, "group" text,
    begun integer not null default 0, gate text, give_up_at integer, uncounted integer not null default 0)`,
  `create unique index jobs_head on jobs (lane) where status in ('queued', 'running', 'gated')`,
  `create unique index jobs_once on jobs (once) where once is not null and status in ('queued', 'waiting')`,
  `create index jobs_waiting on jobs (lane, id) where status = 'waiting'`,
  `create index jobs_ready on jobs (kind, run_at, id) where status = 'queued' and "group" is null`,
  `create index jobs_ready_by_group on jobs (kind, "group", begun, run_at, id) where status = 'queued' and "group" is not null`,
  `create index jobs_running on jobs (kind, lease_until) where status = 'running'`,
  `create index jobs_running_by_group on jobs ("group") where status = 'running' and "group" is not null`,
  `create index jobs_gated on jobs (gate, run_at, id) where status = 'gated'`,
  `create index jobs_giving_up on jobs (give_up_at) where status = 'gated' and give_up_at is not null`,
  `create index jobs_dead on jobs (ref) where status = 'dead'`,
  'create table group_starts ("group" text not null, at integer not null)',
  'create index group_starts_by_time on group_starts ("group", at)',
  `create table gates (
    key text primary key not null, state text not null, trouble text not null, reason text not null, since integer not null,
    tries integer not null, probes integer not null, probe_at integer, probe_job integer) without rowid`,
];

/** One more, or one less, of what a row is counted as. */
const more = (name: string) =>
  `insert into counters values (${name}, 1) on conflict (name) do update set value = value + 1`;
const fewer = (name: string) => `update counters set value = value - 1 where name = ${name}`;

/** Keeps count of the rows of a table by status, so that lists need not count them. `kind` is an expression on `row`. */
function counted(table: string, kind: (row: 'old' | 'new') => string): string[] {
  const [before, after] = (['old', 'new'] as const).map((row) => `${kind(row)} || '.' || ${row}.status`);
  return [
    `create trigger count_new_${table} after insert on ${table} begin ${more(`${after}`)}; end`,
    `create trigger count_changed_${table} after update of status on ${table} when old.status <> new.status
       begin ${fewer(`${before}`)}; ${more(`${after}`)}; end`,
    `create trigger count_removed_${table} after delete on ${table} begin ${fewer(`${before}`)}; end`,
  ];
}

const sums = [
  'create table counters (name text primary key not null, value integer not null) without rowid',
  ...counted('runs', (row) => `${row}.kind`),
  ...counted('workflow_runs', () => `'workflow'`),
  `create table spending (
    day text not null, mapping text not null, runs integer not null, input_tokens integer not null,
    output_tokens integer not null, cost real not null, unpriced_answers integer not null, primary key (day, mapping)) without rowid`,
  'create table removed (noun text primary key not null, rows integer not null, at integer not null) without rowid',
];

/** What a run or a delivery leaves behind goes with it. */
const leavings = [
  'create trigger remove_run_events after delete on runs begin delete from run_events where run_id = old.id; end',
  'create trigger remove_tool_calls after delete on runs begin delete from tool_calls where run_id = old.id; end',
  'create trigger remove_deliveries after delete on runs begin delete from deliveries where run_id = old.id; end',
  `create trigger remove_jobs after delete on runs begin delete from jobs where ref = old.id and status = 'dead'; end`,
  `create trigger remove_delivery_jobs after delete on deliveries begin
     delete from jobs where ref = old.id and status = 'dead'; end`,
  `create trigger remove_read_lines after delete on runs when old.kind = 'heartbeat' begin
     delete from system_events where beat_id = old.id and read_at is not null; end`,
  `create trigger remove_turn after delete on runs when old.status = 'completed' and old.acknowledged = 0 begin
     update sessions set turns = turns - 1
       where key = old.session_key and turns > 0 and old.completed_at >= coalesce(cleared_at, 0);
     delete from sessions where key = old.session_key and turns = 0 and not exists (select 1 from runs
       where session_key = old.session_key and status = 'completed' and acknowledged = 0); end`,
];

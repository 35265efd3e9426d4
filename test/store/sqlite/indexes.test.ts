import path from 'node:path';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const file = path.join(tempDir(), 'gimli.db');

/** What is asked of each event, run and workflow before it goes, and what goes with it. */
const lookups = [
  `select 1 from runs where event_id = 'x' and status in ('pending', 'running')`,
  `select 1 from workflow_runs where event_id = 'x' and status in ('pending', 'running')`,
  `select 1 from run_events where event_id = 'x'`,
  `select 1 from delivery_keys where event_id = 'x'`,
  `select 1 from delivery_keys where event_id < 'x' order by event_id`,
  `select 1 from deliveries where run_id = 'x' and status = 'pending'`,
  `delete from deliveries where run_id = 'x'`,
  `delete from tool_calls where run_id = 'x'`,
  `delete from run_events where run_id = 'x'`,
  `delete from jobs where ref = 'x' and status = 'dead'`,
  `delete from system_events where beat_id = 'x' and read_at is not null`,
  `delete from runs where workflow_run_id = 'x'`,
  `select id from events where outcome = 'filtered' and id > 'x' order by id limit 200`,
  `select id from runs where status = 'completed' and id > 'x' order by id limit 200`,
  `select id from runs where hook = 'x' order by id desc limit 20`,
  `select id from runs where error_code = 'x' order by id desc limit 20`,
];

it('all that is looked for when something is removed is found by an index', async () => {
  await (await openSqliteStore(file)).close();
  const sqlite = new Sqlite(file);
  for (const lookup of lookups) {
    const plan = sqlite.prepare(`explain query plan ${lookup}`).all() as { detail: string }[];
    const details = plan.map(({ detail }) => detail).join('; ');
    expect({ lookup, details }).toEqual({
      lookup,
      details: expect.stringMatching(/^SEARCH [^;]* USING [^;]*(INDEX|PRIMARY KEY)[^;]*(;|$)/),
    });
    expect(details).not.toMatch(/SCAN|TEMP B-TREE/);
  }
  sqlite.close();
});

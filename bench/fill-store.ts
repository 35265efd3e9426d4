import { randomUUID } from 'node:crypto';
import Sqlite from 'better-sqlite3';

/**
 * Puts completed runs, each with its event, into a store that a gateway has made and left, in one transaction. Straight into the
 * file: through a gateway it would take minutes. `note` hears of every tenth.
 */
export function fillStore(file: string, runs: number, note: (line: string) => void): void {
  const sqlite = new Sqlite(file);
  sqlite.pragma('journal_mode = delete');
  sqlite.pragma('synchronous = off');
  const event = sqlite.prepare(
    `insert into events (id, endpoint, hook, received_at, query_json, headers_json, body, mapping, outcome, status, response)
     values (?, 'hooks', 'agent', ?, '{}', ?, ?, 'builtin:agent', 'accepted', 202, ?)`,
  );
  const run = sqlite.prepare(
    `insert into runs (id, kind, event_id, hook, name, session_key, status, action_json, policy_json, created_at, started_at,
       completed_at, attempts, model, spending_json, prompt, reply_json, output_text, summary)
     values (?, 'hook', ?, 'agent', ?, ?, 'completed', ?, '{}', ?, ?, ?, 1, 'echo/echo', null, ?, '[]', ?, ?)`,
  );
  const headers = JSON.stringify({
    host: '127.0.0.1:18789',
    'content-type': 'application/json',
    'user-agent': 'curl/8.5.0',
  });
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(6);
  const body = Buffer.from(JSON.stringify({ message: text }));
  const began = Date.now() - runs * 1000;
  sqlite.transaction(() => {
    for (let n = 1; n <= runs; n += 1) {
      const at = began + n * 1000;
      const [eventId, runId] = [idAt(at), idAt(at)];
      const name = `Stored run ${n}`;
      const session = `hook:${runId}`;
      const action = {
        kind: 'agent',
        message: [{ path: 'message' }],
        name,
        sessionKey: session,
        wakeMode: 'now',
        deliver: true,
        channel: 'last',
      };
      event.run(eventId, at, headers, body, JSON.stringify({ ok: true, runId, eventId }));
      run.run(runId, eventId, name, session, JSON.stringify(action), at, at, at + 500, text, text, text.slice(0, 100));
      if (n % (runs / 10) === 0) note(`  ${n} of ${runs} runs stored`);
    }
  })();
  sqlite.close();
}

/** A UUIDv7 of a time in the past, in epoch ms. */
function idAt(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

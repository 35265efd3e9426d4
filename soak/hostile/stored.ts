import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { gatewayToken, storeFile } from '../../bench/config.ts';
import type { Gateway } from './gateway.ts';
import { mark } from './requests.ts';

/** What a gateway keeps. */
export interface Stored {
  /** ids of the events that were accepted, the probe of the start among them */
  readonly events: readonly string[];
  /** of all tables together */
  readonly rows: number;
  /** in its folder */
  readonly files: readonly string[];
}

export async function storedIn(gateway: Gateway): Promise<Stored> {
  return { events: await acceptedEvents(gateway), rows: countRows(gateway.dir), files: filesIn(gateway.dir) };
}

/** The files in which something stands that only strangers sent. */
export function markedFiles(gateway: Gateway): string[] {
  return filesIn(gateway.dir).filter((file) => fs.readFileSync(path.join(gateway.dir, file)).includes(mark));
}

/** Waits until no run is open; resolves to how many still are at the end of its patience. */
export async function openRuns(gateway: Gateway, patienceMs: number): Promise<number> {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const counts = await Promise.all(
      ['pending', 'running'].map(async (status) =>
        Number((await api(gateway, `/runs?status=${status}&limit=1`)).total),
      ),
    );
    const open = counts.reduce((sum, count) => sum + count, 0);
    if (open === 0 || Date.now() - began > patienceMs) return open;
  }
}

async function acceptedEvents(gateway: Gateway): Promise<string[]> {
  const ids: string[] = [];
  for (let before = ''; ; ) {
    const { events } = await api(gateway, `/events?outcome=accepted&limit=100${before && `&before=${before}`}`);
    const page: string[] = events.map(({ eventId }: { eventId: string }) => eventId);
    ids.push(...page);
    const last = page.at(-1);
    if (last === undefined) return ids;
    before = last;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the caller knows the call
async function api(gateway: Gateway, call: string): Promise<any> {
  const response = await fetch(`${gateway.url}/api${call}`, { headers: { Authorization: `Bearer ${gatewayToken}` } });
  if (!response.ok) throw new Error(`/api${call}: ${response.status} ${await response.text()}`);
  return response.json();
}

function countRows(dir: string): number {
  const db = new Database(storeFile(dir), { readonly: true });
  try {
    const tables = db.prepare<[], { name: string }>("select name from sqlite_master where type = 'table'").all();
    const counts = tables.map(({ name }) => db.prepare(`select count(*) from "${name}"`).pluck().get() as number);
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    db.close();
  }
}

function filesIn(dir: string): string[] {
  return (fs.readdirSync(dir, { recursive: true }) as string[]).filter((file) =>
    fs.statSync(path.join(dir, file)).isFile(),
  );
}

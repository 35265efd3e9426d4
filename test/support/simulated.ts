import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { atEnd } from './at-end.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import type { TestGateway } from './gateway.ts';
import { tempGateway } from './temp-gateway.ts';

/** A gateway with a clock of its own, whose hours pass in moments. */
export interface SimulatedGateway {
  readonly gateway: TestGateway;
  readonly clock: FakeClock;
  /** Lets time pass in steps, and after each waits until all that is due is done. */
  pass(ms: number, stepMs?: number): Promise<void>;
}

/** The worker waits for its clock, and so do the watch over the alarms and what removes what is old. */
const waitWhenIdle = 3;

/** Settles when the gateway has nothing to do but to wait for its clock. */
export async function settle(gateway: TestGateway, clock: FakeClock): Promise<void> {
  const running = runningOf(gateway);
  const end = Date.now() + 20_000;
  for (let quiet = 0; quiet < 3; quiet += 1) {
    if (clock.waiting() < waitWhenIdle || running() > 0) quiet = -1;
    if (Date.now() > end) throw new Error('the gateway does not come to rest');
    await new Promise(setImmediate);
  }
}

const counters = new WeakMap<TestGateway, () => number>();

/** How many jobs are under way: asked of the file itself, since it is asked often. */
function runningOf(gateway: TestGateway): () => number {
  const known = counters.get(gateway);
  if (known) return known;
  const db = new Sqlite(path.join(gateway.dir, 'data', 'gimli.db'), { readonly: true });
  atEnd(() => db.close());
  const count = db.prepare(`select count(*) from jobs where status = 'running'`).pluck();
  const running = () => count.get() as number;
  counters.set(gateway, running);
  return running;
}

export async function pass(gateway: TestGateway, clock: FakeClock, ms: number, stepMs = 30_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await settle(gateway, clock);
  }
}

export async function simulated(
  config: object,
  { checklist, clock = fakeClock() }: { checklist?: string; clock?: FakeClock } = {},
): Promise<SimulatedGateway> {
  const gateway = await tempGateway(
    config,
    (dir) => {
      fs.mkdirSync(path.join(dir, 'workspace'));
      if (checklist !== undefined) fs.writeFileSync(path.join(dir, 'workspace', 'HEARTBEAT.md'), checklist);
    },
    clock,
  );
  await settle(gateway, clock);
  return { gateway, clock, pass: (ms, stepMs) => pass(gateway, clock, ms, stepMs) };
}

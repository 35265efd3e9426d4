import fs from 'node:fs';
import path from 'node:path';
import { eventually } from './eventually.ts';
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

/** The worker waits for its clock, and so does the watch over the alarms. */
const waitWhenIdle = 2;

/** Settles when the gateway has nothing to do but to wait for its clock. */
export async function settle(gateway: TestGateway, clock: FakeClock): Promise<void> {
  let quiet = 0;
  await eventually(async () => {
    const isIdle = clock.waiting() >= waitWhenIdle && (await gateway.jobs()).running === 0;
    quiet = isIdle ? quiet + 1 : 0;
    return quiet >= 2;
  });
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

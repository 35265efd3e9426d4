import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayToken } from './config.ts';
import { headers } from './load.ts';

const pollMs = 50;

/** Resolves when so many runs are completed. Throws where one failed. */
export async function completed(url: string, amount: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/hooks/runs/stats`, { headers });
    const { stats } = (await answer.json()) as { stats: { completed: number; error: number } };
    if (stats.error > 0) throw new Error(`${stats.error} runs failed`);
    if (stats.completed >= amount) return;
    await sleep(pollMs);
  }
}

/** Resolves when nothing is left to do, deliveries and heartbeats included. */
export async function drained(url: string): Promise<void> {
  while ((await openJobs(url)) > 0) await sleep(pollMs);
}

async function openJobs(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${gatewayToken}` } });
  const counts = [...(await answer.text()).matchAll(/^gimli_jobs\{.*\} (\d+)$/gm)];
  if (counts.length === 0) throw new Error('the metrics show no jobs');
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

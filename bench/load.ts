import autocannon from 'autocannon';
import { hookToken } from './config.ts';
import { quantiles } from './row.ts';

/** What is sent over and over: always 1 KB of JSON, so that rows can be compared. */
export interface Call {
  readonly path: string;
  readonly body: string;
}

/** Latencies in ms. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const connections = 50;

/** What a call to a hook needs besides its body. */
export const headers = { Authorization: `Bearer ${hookToken}`, 'Content-Type': 'application/json' };

/**
 * Full load for some seconds, or with some number of calls. Throws where a single answer was not 2xx: the speed of refusals
 * is no speed.
 */
export async function load(
  url: string,
  { path, body }: Call,
  much: { duration: number } | { amount: number },
): Promise<Load> {
  const run = autocannon({ url: url + path, method: 'POST', headers, body, connections, ...much });
  // Its own histogram counts in whole milliseconds, which is too coarse here.
  const latencies: number[] = [];
  run.on('response', (_client, _status, _bytes, ms) => latencies.push(ms));
  const result = await run;
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0 || result['2xx'] === 0) {
    throw new Error(`${path}: ${result['2xx']} good answers, ${non2xx} others, ${errors} errors, ${timeouts} timeouts`);
  }
  return { requests: result['2xx'], perSecond: result['2xx'] / result.duration, ...quantiles(latencies) };
}

/** A call whose JSON is exactly 1,024 bytes: `padding` names the field that is filled up. */
export function oneKilobyte(path: string, payload: Record<string, unknown>, padding: string): Call {
  const missing = 1024 - JSON.stringify({ ...payload, [padding]: '' }).length;
  return {
    path,
    body: JSON.stringify({ ...payload, [padding]: 'The quick brown fox. '.repeat(52).slice(0, missing) }),
  };
}

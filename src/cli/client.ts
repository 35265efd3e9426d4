import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { openOwnersApi } from '../gimli.ts';

/** What a command could not do, in words for its user. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export interface Client {
  get<T>(path: string): Promise<T>;
  post<T>(path: string): Promise<T>;
}

/**
 * Gives `use` the owner's API: of the gateway that runs with this config, or, where none does, of one opened for this
 * command alone on the same store, under its lock.
 */
export async function withClient<T>(configFile: string, use: (client: Client) => Promise<T>): Promise<T> {
  const { config } = loadConfig(configFile);
  const { token } = config.gateway;
  const running = gatewayUrl(config);
  if (await answers(running)) {
    if (!token) throw new CommandError('a gateway runs, but gateway.token is not set: commands have no way in');
    return use(client(running, token));
  }
  const own = randomBytes(32).toString('hex');
  const offline = await openOwnersApi(configFile, pino({ level: 'silent' }), own);
  try {
    return await use(client(offline.url, own));
  } finally {
    await offline.stop();
  }
}

/** Where the gateway of a config listens. */
export function gatewayUrl({ gateway: { host, port } }: Config): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}

function client(url: string, token: string): Client {
  async function call<T>(method: string, path: string): Promise<T> {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, Connection: 'close' },
    });
    const body = (await response.json().catch(() => ({}))) as { error?: string };
    if (response.ok) return body as T;
    const hint = response.status === 401 ? ' (is this the gateway of this config? its gateway.token differs)' : '';
    throw new CommandError(`${body.error ?? `HTTP ${response.status}`}${hint}`);
  }
  return { get: (path) => call('GET', path), post: (path) => call('POST', path) };
}

/** A query string of what is set, with its `?`. */
export function queryString(values: Record<string, string | number | undefined>): string {
  const set = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

import { randomBytes } from 'node:crypto';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Addresses, findHolder } from '../store/lock.ts';
import { CommandError } from './command-error.ts';

export interface Client {
  get<T>(path: string): Promise<T>;
  post<T>(path: string): Promise<T>;
  /** an answer that goes on */
  stream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** false where no gateway does the work */
  readonly isRunning: boolean;
}

/**
 * Gives `use` the owner's API: of the gateway that has the store of this config, or, where none does, of one opened for
 * this command alone, under the store's lock.
 */
export async function withClient<T>(configFile: string, use: (client: Client) => Promise<T>): Promise<T> {
  const { config } = loadConfig(configFile);
  const { token } = config.gateway;
  const running = runningGateway(config);
  if (running) {
    if (!token) throw new CommandError('a gateway runs, but gateway.token is not set: commands have no way in');
    return use(client(running.url, token, true));
  }
  // Here and not above: this is the whole gateway, which takes a while to load.
  const [{ openOwnersApi }, { pino }] = await Promise.all([import('../gimli.ts'), import('pino')]);
  const own = randomBytes(32).toString('hex');
  const offline = await openOwnersApi(configFile, pino({ level: 'silent' }), own);
  try {
    return await use(client(offline.url, own, false));
  } finally {
    await offline.stop();
  }
}

/** Where the gateway that has the store of a config listens, whatever port it was given; undefined where none runs. */
export function runningGateway({ store }: Config): Addresses | undefined {
  const { url, specsUrl } = findHolder(store.url.slice('sqlite:'.length)) ?? {};
  return url === undefined ? undefined : { url, specsUrl };
}

/** Calls a gateway. Throws CommandError where it does not answer. */
export async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new CommandError(`no gateway answers at ${url}: is it about to stop?`);
  }
}

function client(url: string, token: string, isRunning: boolean): Client {
  async function call(method: string, path: string): Promise<Response> {
    const response = await request(`${url}/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, Connection: 'close' },
    });
    if (response.ok) return response;
    const body = (await response.json().catch(() => ({}))) as { error?: string };
    const hint =
      response.status === 401 ? ' (the gateway that has this store has another gateway.token than this config)' : '';
    throw new CommandError(`${body.error ?? `HTTP ${response.status}`}${hint}`);
  }
  async function json<T>(method: string, path: string): Promise<T> {
    return (await (await call(method, path)).json()) as T;
  }
  return {
    get: (path) => json('GET', path),
    post: (path) => json('POST', path),
    async stream(path) {
      const { body } = await call('GET', path);
      if (!body) throw new CommandError('the gateway answered without a body');
      return body;
    },
    isRunning,
  };
}

/** A query string of what is set, with its `?`. */
export function queryString(values: Record<string, string | number | undefined>): string {
  const set = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

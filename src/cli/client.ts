import { defaultConfig } from '../config/load.ts';
import { loadLeniently } from '../config/load-leniently.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import { headerOfUtf8 } from '../domain/text/secret.ts';
import type { AnswerOf, AnyRoute } from '../http/api/route.ts';
import { fileName } from '../schema/json5-file.ts';
import { type Addresses, findHolder, type Holder } from '../store/sqlite/lock.ts';
import { storeOf } from '../store/store-url.ts';
import { CommandError } from './command-error.ts';
import type { Cli } from './io.ts';
import { complain } from './print.ts';

export interface Client {
  /** what a route answers: `get<typeof getCosts>('/costs')` */
  get<R extends AnyRoute>(path: string): Promise<AnswerOf<R>>;
  post<R extends AnyRoute>(path: string): Promise<AnswerOf<R>>;
  /** an answer that goes on */
  stream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** false where no gateway does the work */
  readonly isRunning: boolean;
}

/**
 * Gives `use` the owner's API: of the gateway that has the store of this config, or, where none does, of one opened for
 * this command alone, under the store's lock. A config that does not load is no hindrance to looking at what is stored.
 */
export async function withClient<T>(cli: Cli, use: (client: Client) => Promise<T>): Promise<T> {
  const { configFile, env } = cli;
  let { loaded, problems } = loadLeniently(configFile, env);
  const { url, commandToken } = holderOf(loaded.config) ?? {};
  if (url !== undefined) {
    if (problems) noteProblems(cli, problems);
    const token = commandToken ?? loaded.config.gateway.token;
    if (!token) throw new CommandError('a gateway runs, but there is no way in for commands: set gateway.token');
    return use(client(url, token, true));
  }
  // Here and not above: this is the whole gateway, which takes a while to load.
  const [{ openOwnersApi }, { pino }] = await Promise.all([import('../gateway/owners-api.ts'), import('pino')]);
  const log = pino({ level: 'silent' });
  const offline = await openOwnersApi(loaded, log).catch((error) => {
    if (problems || !(error instanceof ConfigError)) throw error;
    problems = error.problems;
    loaded = defaultConfig(configFile, env, loaded.config.store.url);
    return openOwnersApi(loaded, log);
  });
  if (problems) noteProblems(cli, problems);
  const offlineClient = client(offline.url, offline.token, false);
  try {
    return await use(problems ? lookOnly(offlineClient, problems) : offlineClient);
  } finally {
    await offline.stop();
  }
}

function noteProblems(cli: Cli, [first, ...more]: readonly string[]): void {
  const rest = more.length > 0 ? `, and ${more.length} more` : '';
  complain(cli, `note: ${fileName(cli.configFile)} does not load (${first}${rest}); showing what is stored`);
}

/** Without the mappings of the config, nothing may be done again: it would go through others. */
function lookOnly(client: Client, problems: readonly string[]): Client {
  const post = () => Promise.reject(new CommandError(`this needs a config that loads:\n${problems.join('\n')}`));
  return { ...client, post };
}

/** Where the gateway that has the store of a config listens, whatever port it was given; undefined where none runs. */
export function runningGateway(config: Config): Addresses | undefined {
  const { url, specsUrl } = holderOf(config) ?? {};
  return url === undefined ? undefined : { url, specsUrl };
}

function holderOf({ store }: Config): Holder | undefined {
  return findHolder(storeOf(store.url).file);
}

/** Calls a gateway. Throws CommandError where it does not answer, and where such a call cannot be made at all. */
export async function request(url: string, init: RequestInit): Promise<Response> {
  const call = callOf(url, init);
  try {
    return await fetch(call);
  } catch {
    throw new CommandError(`no gateway answers at ${url}: is it about to stop?`);
  }
}

/** What Node says of a call that it cannot make may hold a token. */
function callOf(url: string, init: RequestInit): Request {
  try {
    return new Request(url, init);
  } catch {
    const header = badHeader(init.headers);
    throw new CommandError(
      header === undefined
        ? `no call can be made to ${url}: it is no address`
        : `no call can be made: the header ${header} has a line break or another character that HTTP cannot carry; look at the token or secret that goes into it`,
    );
  }
}

function badHeader(headers: RequestInit['headers']): string | undefined {
  return Object.entries({ ...headers }).find(([name, value]) => {
    try {
      return !new Headers([[name, String(value)]]);
    } catch {
      return true;
    }
  })?.[0];
}

function client(url: string, token: string, isRunning: boolean): Client {
  async function call(method: string, path: string): Promise<Response> {
    const response = await request(`${url}/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${headerOfUtf8(token)}`, Connection: 'close' },
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

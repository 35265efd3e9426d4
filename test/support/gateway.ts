import fs from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import type { Clock } from '../../src/domain/time/clock.ts';
import type { Gimli } from '../../src/gimli.ts';
import { eventually } from './eventually.ts';
import { nativeApiSchema, nativeGimli, nativeSupertest } from './native.ts';

export const hookToken = 'hook-token-of-the-test';
export const gatewayToken = 'gateway-token-of-the-test';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the tests are about
  readonly body: any;
}

export interface TestGateway {
  readonly gimli: Gimli;
  readonly url: string;
  readonly dir: string;
  readonly configFile: string;
  /** what was logged, a record a line */
  readonly logs: Record<string, unknown>[];
  /** Calls a hook with the hook token; a string or Buffer goes as it is, anything else as JSON. */
  post(hook: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** GET below hooks.path with the hook token. */
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** The owner's API. */
  api(method: 'GET' | 'POST', path: string): Promise<Answer>;
  /** The run, once it has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  ended(runId: string): Promise<any>;
  /** The heartbeats that have completed, oldest first, prompts included. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  beats(): Promise<any[]>;
  /** How many jobs there are, by status, as `/metrics` says. */
  jobs(): Promise<Record<string, number>>;
  writeConfig(change: object): void;
  /** Once; later calls wait for the first. */
  stop(): Promise<void>;
}

/**
 * A real gateway on a free port, with its files in `dir`. `config` is merged over one in which hooks are on, the model is
 * echo, nothing is delivered, and the timer of the heartbeat is off.
 */
export async function startGateway(
  dir: string,
  config: object = {},
  env: NodeJS.ProcessEnv = {},
  clock?: Clock,
): Promise<TestGateway> {
  const configFile = path.join(dir, 'gimli.json5');
  const logs: Record<string, unknown>[] = [];
  const writeConfig = (change: object) => fs.writeFileSync(configFile, JSON.stringify(merge(base, change), null, 2));
  writeConfig(config);
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const { createGimli } = await nativeGimli();
  const gimli = await createGimli({ configFile, log, env, ...(clock && { clock }) });

  const { default: supertest } = await nativeSupertest();

  async function call(method: 'GET' | 'POST', url: string, headers: Record<string, string>, body?: unknown) {
    const asked = supertest(gimli.url)[method === 'GET' ? 'get' : 'post'](url).set(headers).redirects(0);
    // Bytes go as they are, whatever their content type says.
    asked
      .serialize((sent) => sent)
      .buffer(true)
      .parse(textOf);
    const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const response = await (body === undefined ? asked : asked.send(sent));
    const text: string = response.body;
    return {
      status: response.status,
      headers: new Headers(response.headers),
      body: text === '' ? null : JSON.parse(text),
    };
  }
  const hook = { Authorization: `Bearer ${hookToken}` };
  let stopped: Promise<void> | undefined;
  const owner = { Authorization: `Bearer ${gatewayToken}` };
  const gateway: TestGateway = {
    gimli,
    url: gimli.url,
    dir,
    configFile,
    logs,
    writeConfig,
    post: (name, body, headers = {}) =>
      call('POST', `/hooks/${name}`, { ...hook, 'Content-Type': 'application/json', ...headers }, body),
    get: async (name, headers = {}) =>
      asDocumented('/hooks', 'GET', `/${name}`, await call('GET', `/hooks/${name}`, { ...hook, ...headers })),
    api: async (method, name) => asDocumented('/api', method, name, await call(method, `/api${name}`, owner)),
    ended: (runId) =>
      eventually(async () => {
        const { body } = await gateway.api('GET', `/runs/${runId}`);
        return ['completed', 'error'].includes(body.run?.status) ? body.run : undefined;
      }),
    async beats() {
      const { body } = await gateway.api('GET', '/runs?kind=heartbeat&status=completed&limit=100');
      const ids: string[] = body.runs.map((run: { runId: string }) => run.runId).reverse();
      return Promise.all(ids.map(async (id) => (await gateway.api('GET', `/runs/${id}`)).body.run));
    },
    async jobs() {
      const response = await fetch(`${gimli.url}/metrics`, { headers: owner });
      const counts = (await response.text()).matchAll(/^gimli_jobs\{status="(\w+)"\} (\d+)$/gm);
      return Object.fromEntries([...counts].map(([, status, count]) => [status, Number(count)]));
    },
    stop: () => {
      stopped ??= gimli.stop();
      return stopped;
    },
  };
  return gateway;
}

/** What came, as text: a parser of supertest. */
function textOf(coming: object, done: (error: Error | null, text: string) => void): void {
  const response = coming as NodeJS.ReadableStream;
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece));
  response.on('end', () => done(null, Buffer.concat(pieces).toString()));
  response.on('error', (error) => done(error, ''));
}

/** The answer, once it is what the document of the API says. */
async function asDocumented(base: '/api' | '/hooks', method: string, path: string, answer: Answer): Promise<Answer> {
  if (answer.status >= 300) return answer;
  const { answerProblem } = await nativeApiSchema();
  const problem = answerProblem(base, method, path, answer.body);
  if (problem !== null) throw new Error(problem);
  return answer;
}

const base = {
  gateway: { port: 0, token: gatewayToken, drainSeconds: 0 },
  hooks: { enabled: true, token: hookToken },
  agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
  log: { level: 'debug' },
};

function merge(left: unknown, right: unknown): unknown {
  if (!isRecord(left) || !isRecord(right)) return right;
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) merged[key] = key in left ? merge(left[key], value) : value;
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

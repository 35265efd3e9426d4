import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Logger } from 'pino';
import { messageOf, rootCode } from '../../domain/errors.ts';
import { shorten } from '../../domain/text/shorten.ts';
import { tailOf } from '../command/process-group.ts';
import type { McpSettings } from '../settings/mcp-servers.ts';

/** A server that has answered. */
export interface McpConnection {
  readonly client: Client;
  /** Settles when a server that runs here has ended; takes seconds where it must be forced. */
  close(): Promise<void>;
}

/** Characters. */
const keptOfStderr = 1000;
const longestLogged = 4000;

/** Error codes of the protocol. */
const [connectionClosed, requestTimeout] = [-32_000, -32_001];

/**
 * Starts or reaches a server, until the signal aborts. `onEnd` is told when the connection is gone. Throws an `McpProblem`.
 * The SDK is loaded here, at the first use: it costs 120 ms and 35 MB.
 */
export async function connectMcp(
  id: string,
  settings: McpSettings,
  { log, signal, onEnd }: { log: Logger; signal: AbortSignal; onEnd: () => void },
): Promise<McpConnection> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const client = new Client({ name: 'gimli', version });
  const about = { mcpServer: id };
  const { transport, lastWords, leave } = await openTransport(settings, (stderr) =>
    log.debug({ ...about, stderr: headOf(stderr) }, 'MCP server wrote to stderr'),
  );
  let wanted = false;
  client.onerror = (error) =>
    log.debug({ ...about, error: messageOf(error) }, 'MCP server: an error on the connection');
  client.onclose = () => {
    if (wanted) log.warn(about, 'MCP server ended; the next run that needs it starts it again');
    onEnd();
  };
  try {
    await client.connect(transport, { timeout: settings.startTimeoutSeconds * 1000, signal });
  } catch (error) {
    throw startProblem(error, settings, lastWords());
  }
  wanted = true;
  log.info({ ...about, pid: 'pid' in transport ? transport.pid : undefined }, 'MCP server connected');
  return {
    client,
    async close() {
      wanted = false;
      await leave();
      await client.close();
    },
  };
}

/** A server that cannot be used, in our own words, which go on from its name. */
export class McpProblem extends Error {
  override readonly name = 'McpProblem';
  /** what the server itself said of it: not for everybody */
  readonly said: string | undefined;
  constructor(message: string, said?: string) {
    super(message);
    this.said = said;
  }
}

/** What went wrong with a request. */
export function requestProblem(error: unknown, timeoutSeconds: number): McpProblem {
  if (error instanceof McpProblem) return error;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (code === requestTimeout) return new McpProblem(`no answer within ${timeoutSeconds} s`);
  if (isClosed(error)) return new McpProblem('it ended before it answered');
  const because = rootCode(cause) ?? (typeof code === 'number' ? `(${code})` : undefined);
  const how = cause === undefined ? 'it answered with an error' : 'it cannot be reached';
  return new McpProblem(because === undefined ? how : `${how} ${because}`, messageOf(error));
}

/** Without the word that is cut in two, as `tailOf`. */
function headOf(text: string): string {
  return text.length <= longestLogged ? text : shorten(text, longestLogged).replace(/\S*…$/, '…');
}

/** Whether the server died while it was asked. */
export function isClosed(error: unknown): boolean {
  return (error as { code?: unknown }).code === connectionClosed;
}

/** Whether a server at an address has refused the request since it does not know our session: it was started anew. */
export function isSessionLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 404 || code === 400;
}

function startProblem(error: unknown, settings: McpSettings, lastWords: string): McpProblem {
  const { command, cwd, startTimeoutSeconds } = settings;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new McpProblem(noProgram(command ?? '', cwd, settings.env?.PATH ?? process.env.PATH));
  const { message, said } = requestProblem(error, startTimeoutSeconds);
  const words = [said, lastWords === '' ? undefined : `its last words: ${lastWords}`];
  return new McpProblem(message, words.filter((part) => part !== undefined).join('; '));
}

function noProgram(command: string, cwd: string | undefined, searched: string | undefined): string {
  if (cwd !== undefined && !existsSync(cwd)) return `there is no folder ${cwd}, in which it is to run: check cwd`;
  if (/[\\/]/.test(command)) return `there is no program "${command}"`;
  return `there is no program "${command}" in PATH, which is ${searched ? searched : 'empty'}: check command, or PATH`;
}

async function openTransport(settings: McpSettings, onStderr: (text: string) => void) {
  const { command, url, headers = {}, args = [], env = {}, cwd } = settings;
  if (command === undefined) {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const transport = new StreamableHTTPClientTransport(new URL(url ?? ''), { requestInit: { headers } });
    // Politeness must not keep a gateway from stopping.
    const leave = () =>
      Promise.race([transport.terminateSession(), wait(1000, undefined, { ref: false })]).catch(() => {});
    return { transport, lastWords: () => '', leave };
  }
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  // The SDK adds HOME, PATH and the like, and nothing else of our environment.
  const transport = new StdioClientTransport({ command, args, env, stderr: 'pipe', ...(cwd ? { cwd } : {}) });
  let lastWords = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    const text = chunk.toString();
    if (text.trim() === '') return;
    const all = lastWords + text;
    lastWords = tailOf(all.slice(-keptOfStderr), all.length > keptOfStderr);
    onStderr(text);
  });
  return { transport, lastWords: () => lastWords.trim(), leave: async () => {} };
}

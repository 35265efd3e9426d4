import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import type { Logger } from 'pino';
import { TurnError } from '../domain/errors.ts';
import {
  connectMcp,
  isClosed,
  isSessionLost,
  type McpConnection,
  type McpSettings,
  requestProblem,
} from './mcp-connection.ts';
import { resultText } from './mcp-result.ts';
import { mcpToolName } from './mcp-tool-name.ts';
import type { Tool } from './tool.ts';
import { unlessAborted } from './unless-aborted.ts';

/** One MCP server for the whole gateway: connected when a turn first needs it, and again after it died. */
export interface McpServer {
  readonly settings: McpSettings;
  /**
   * For one turn: the tools it offers now, by its own names for them. Throws a `TurnError` where it cannot be reached, or the
   * signal's reason.
   */
  use(signal: AbortSignal): Promise<{ readonly tools: ReadonlyMap<string, Tool>; release(): void }>;
  /** Other settings have taken its place: it ends with the last turn that uses it. */
  retire(): void;
  close(): Promise<void>;
}

/** Third parties write them, and each request pays for them. */
const maxDescription = 1000;
const maxPages = 50;

export function createMcpServer(id: string, settings: McpSettings, log: Logger): McpServer {
  const timeout = settings.timeoutSeconds * 1000;
  let connection: Promise<McpConnection> | undefined;
  let connecting: AbortController | undefined;
  /** Lost connections on which other turns may still wait for an answer. */
  const stale = new Set<McpConnection>();
  let users = 0;
  let retired = false;

  function connect(): Promise<McpConnection> {
    if (connection) return connection;
    const abort = new AbortController();
    const begun = connectMcp(id, settings, { log, signal: abort.signal, onEnd: () => forget(begun) });
    [connection, connecting] = [begun, abort];
    begun.then(
      () => {
        connecting = undefined;
      },
      () => forget(begun),
    );
    return begun;
  }

  function forget(gone: Promise<McpConnection>): void {
    if (connection === gone) connection = undefined;
  }

  async function close(): Promise<void> {
    const last = connection;
    connection = undefined;
    connecting?.abort();
    const open = await last?.catch(() => undefined);
    await Promise.all([open?.close(), sweep()]);
  }

  async function sweep(): Promise<void> {
    const lost = [...stale];
    stale.clear();
    await Promise.all(lost.map((one) => one.close()));
  }

  /** Once more on a new connection, where `again` says that the server has not begun what it was asked. */
  async function ask<T>(
    signal: AbortSignal,
    question: (client: Client) => Promise<T>,
    again: (error: unknown) => boolean,
  ): Promise<T> {
    const first = connect();
    const open = await unlessAborted(first, signal);
    try {
      return await question(open.client);
    } catch (error) {
      signal.throwIfAborted();
      if (!again(error)) throw error;
      forget(first);
      stale.add(open);
    }
    return question((await unlessAborted(connect(), signal)).client);
  }

  async function list(signal: AbortSignal): Promise<Map<string, Tool>> {
    const { ListToolsResultSchema } = await import('@modelcontextprotocol/sdk/types.js');
    const offered = await ask(
      signal,
      async (client) => {
        const tools: McpTool[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < maxPages && (page === 0 || cursor !== undefined); page += 1) {
          const params = cursor === undefined ? {} : { cursor };
          const request = { method: 'tools/list' as const, params };
          const answer = await client.request(request, ListToolsResultSchema, { signal, timeout });
          tools.push(...answer.tools);
          cursor = answer.nextCursor;
        }
        return tools;
      },
      (error) => isSessionLost(error) || isClosed(error),
    );
    return new Map(offered.map((tool) => [tool.name, toolOf(tool, signal)]));
  }

  function toolOf({ name, title, description = title, inputSchema }: McpTool, signal: AbortSignal): Tool {
    return {
      name: mcpToolName(id, name),
      description: cut(description?.trim() || `The tool ${name} of the MCP server ${id}.`),
      inputSchema: withShortDescriptions(inputSchema),
      checksInput: true,
      run: (input) => call(name, input, signal),
    };
  }

  async function call(name: string, input: unknown, signal: AbortSignal): Promise<string> {
    const { CallToolResultSchema } = await import('@modelcontextprotocol/sdk/types.js');
    const request = { method: 'tools/call' as const, params: { name, arguments: input as Record<string, unknown> } };
    const result = await ask(
      signal,
      (client) => client.request(request, CallToolResultSchema, { signal, timeout }),
      isSessionLost,
    ).catch((error) => {
      signal.throwIfAborted();
      throw new Error(`MCP server "${id}": ${requestProblem(error, settings.timeoutSeconds)}`);
    });
    const text = resultText(result);
    if (result.isError) throw new Error(text);
    return text;
  }

  return {
    settings,
    async use(signal) {
      users += 1;
      let released = false;
      const release = () => {
        if (released) return;
        released = true;
        users -= 1;
        if (users === 0) void (retired ? close() : sweep());
      };
      try {
        return { tools: await list(signal), release };
      } catch (error) {
        release();
        signal.throwIfAborted();
        const problem = requestProblem(error, settings.timeoutSeconds);
        throw new TurnError('tool', `MCP server "${id}": ${problem}`, {
          trouble: 'tools',
          gate: `mcp:${id}`,
          cause: error,
        });
      }
    },
    retire() {
      retired = true;
      if (users === 0) void close();
    },
    close,
  };
}

function withShortDescriptions(schema: McpTool['inputSchema']): McpTool['inputSchema'] {
  const shorten = (key: string, value: unknown) =>
    key === 'description' && typeof value === 'string' ? cut(value) : value;
  return JSON.parse(JSON.stringify(schema, shorten));
}

function cut(text: string): string {
  return text.length <= maxDescription ? text : `${text.slice(0, maxDescription - 1)}…`;
}

import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Logger } from 'pino';
import { messageOf, TurnError } from '../../domain/errors.ts';
import { oneLine } from '../../domain/run.ts';
import { wholeOf, withSaid } from '../../domain/text/said.ts';
import { shorten } from '../../domain/text/shorten.ts';
import type { McpSettings } from '../settings/mcp-servers.ts';
import type { Tool } from '../tools/tool.ts';
import { safeSchemaOf } from '../tools/tool-schema.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { connectMcp, isClosed, isSessionLost, type McpConnection, McpProblem, requestProblem } from './connection.ts';
import { resultText } from './result.ts';
import { mcpToolName } from './tool-name.ts';

/** What a server offers. */
interface Offered {
  readonly tools: ReadonlyMap<string, Tool>;
  /** by name, for people: tools that are left out */
  readonly unfit: ReadonlyMap<string, string>;
}

/** A tool as a server lists it; anything but its name may be missing, or odd. */
interface Listed {
  readonly name: string;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
}

/** One MCP server for the whole gateway: connected when a turn first needs it, and again after it died. */
export interface McpServer {
  readonly settings: McpSettings;
  /**
   * For one turn: the tools it offers now, by its own names for them, and what is wrong with those that no model API would take. Throws a `TurnError` where it cannot be reached, or the
   * signal's reason.
   */
  use(signal: AbortSignal): Promise<Offered & { release(): void }>;
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

  async function list(signal: AbortSignal): Promise<Offered> {
    // The SDK's own schema of the answer would refuse the whole list for one odd tool.
    const { ResultSchema } = await import('@modelcontextprotocol/sdk/types.js');
    const listed = await ask(
      signal,
      async (client) => {
        const tools: Listed[] = [];
        let cursor: unknown;
        for (let page = 0; page < maxPages && (page === 0 || typeof cursor === 'string'); page += 1) {
          const params = typeof cursor === 'string' ? { cursor } : {};
          const request = { method: 'tools/list' as const, params };
          const answer = await client.request(request, ResultSchema, { signal, timeout });
          if (!Array.isArray(answer.tools)) throw new McpProblem('its list of tools is no list');
          tools.push(...answer.tools.filter((tool: Partial<Listed> | null) => typeof tool?.name === 'string'));
          cursor = answer.nextCursor;
        }
        return tools;
      },
      (error) => isSessionLost(error) || isClosed(error),
    );
    const [tools, unfit] = [new Map<string, Tool>(), new Map<string, string>()];
    for (const tool of listed) {
      try {
        tools.set(tool.name, toolOf(tool, signal));
      } catch (error) {
        unfit.set(
          tool.name,
          `the tool "${oneLine(tool.name, 60)}" of the MCP server "${id}" was left out: ${messageOf(error)}`,
        );
      }
    }
    return { tools, unfit };
  }

  /** Throws an Error where no API would take its schema. */
  function toolOf({ name, title, description = title, inputSchema }: Listed, signal: AbortSignal): Tool {
    const { schema, note, restore } = safeSchemaOf(withShortDescriptions(inputSchema));
    const said = typeof description === 'string' && description.trim();
    return {
      name: mcpToolName(id, name),
      description: [cut(said || `The tool ${name} of the MCP server ${id}.`), ...(note === '' ? [] : [cut(note)])].join(
        '\n',
      ),
      inputSchema: schema,
      checksInput: true,
      run: (input) => call(name, restore(input), signal),
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
      const { message, said } = requestProblem(error, settings.timeoutSeconds);
      throw new Error(`MCP server "${id}": ${wholeOf(withSaid(message, said))}`);
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
        return { ...(await list(signal)), release };
      } catch (error) {
        release();
        signal.throwIfAborted();
        const { message, said } = requestProblem(error, settings.timeoutSeconds);
        throw new TurnError('tool', `MCP server "${id}": ${message}`, {
          trouble: 'tools',
          gate: `mcp:${id}`,
          said,
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

function withShortDescriptions(schema: unknown): unknown {
  const shortened = (key: string, value: unknown) =>
    key === 'description' && typeof value === 'string' ? cut(value) : value;
  return schema === undefined ? undefined : JSON.parse(JSON.stringify(schema, shortened));
}

const cut = (text: string) => shorten(text, maxDescription);

import { type Static, Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import { serverId } from '../../domain/tool-grant.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };

const mcpServer = Type.Object(
  {
    command: Type.Optional(
      Type.String({ ...text, description: 'The program that is the server, for one that runs here.' }),
    ),
    args: Type.Optional(Type.Array(Type.String(), { description: 'Its arguments.' })),
    env: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String(), {
        description: 'What it finds in its environment besides HOME, PATH and the like; nothing else is handed down.',
      }),
    ),
    cwd: Type.Optional(
      Type.String({ ...text, description: 'The folder it runs in; the one of this file unless given.' }),
    ),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://\\S+$',
        title: 'an http(s) address',
        description: 'The address of a server that runs elsewhere (streamable HTTP).',
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String(), { description: 'Sent along to that address.' }),
    ),
    startTimeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 600,
      default: 30,
      description: 'How long it may take to start or to be reached.',
    }),
    timeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 86400,
      default: 60,
      description: 'Limit of one call, in seconds.',
    }),
  },
  strict,
);
export type McpSettings = Static<typeof mcpServer>;

/** `agents.mcpServers` */
export const mcpServers = Type.Record(Type.String({ pattern: `^${serverId}$` }), mcpServer, {
  ...strict,
  default: {},
  description:
    'MCP servers by id, each with a `command` or a `url`. One is started when a run first needs it; which runs may use it, `tools` of a mapping says.',
});

/** What a server that runs here has, and what one that runs elsewhere has. */
const serverFields = { command: ['args', 'env', 'cwd'], url: ['headers'] };

/** What the schema cannot say about `agents.mcpServers` of a config that may still be invalid. */
export function checkMcpServers(config: unknown): Problem[] {
  const servers = valueAt(config, ['agents', 'mcpServers']);
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) return [];
  return Object.entries(servers).flatMap(([id, server]): Problem[] => {
    if (typeof server !== 'object' || server === null) return [];
    const at = toPointer(['agents', 'mcpServers', id]);
    const has = (field: string) => Object.hasOwn(server, field);
    if (has('command') === has('url')) {
      const message = has('url') ? 'expected a command or a url, found both' : 'an MCP server needs a command or a url';
      return [{ path: at, message }];
    }
    const [own, other] = has('command') ? (['command', 'url'] as const) : (['url', 'command'] as const);
    return serverFields[other].filter(has).map((field) => ({
      path: at + toPointer([field]),
      message: `would be ignored: it goes with ${other}, and this server has a ${own}`,
    }));
  });
}

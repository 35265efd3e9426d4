import { follow } from '../domain/event.ts';
import { type Problem, toPointer } from '../schema/problem.ts';

/** What a server that runs here has, and what one that runs elsewhere has. */
const serverFields = { command: ['args', 'env', 'cwd'], url: ['headers'] };

/** What the schema cannot say about `agents.mcpServers` of a config that may still be invalid. */
export function checkMcpServers(config: unknown): Problem[] {
  const servers = follow(config, ['agents', 'mcpServers']);
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

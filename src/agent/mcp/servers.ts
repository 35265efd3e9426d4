import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { TurnError } from '../../domain/errors.ts';
import type { McpGrant } from '../../domain/tool-grant.ts';
import type { McpSettings } from '../settings/mcp-servers.ts';
import type { Tool } from '../tools/tool.ts';
import { createMcpServer, type McpServer } from './server.ts';

/** By id. None is connected before a turn needs it. */
export type McpServers = ReadonlyMap<string, McpServer>;

/** Takes over those of `before` whose settings are the same. */
export function createMcpServers(
  settings: Readonly<Record<string, McpSettings>>,
  log: Logger,
  before: McpServers = new Map(),
): McpServers {
  return new Map(
    Object.entries(settings).map(([id, wanted]) => {
      const same = before.get(id);
      return [id, same && isDeepStrictEqual(same.settings, wanted) ? same : createMcpServer(id, wanted, log)];
    }),
  );
}

/** Lets those go that `after` has not taken over. */
export function retireMcpServers(before: McpServers, after: McpServers): void {
  for (const [id, server] of before) if (after.get(id) !== server) server.retire();
}

export async function closeMcpServers(servers: McpServers): Promise<void> {
  await Promise.all([...servers.values()].map((server) => server.close()));
}

/**
 * For one turn: the tools that the grants name, until `release`, and for people what is wrong with others that they name. Throws a `TurnError` that names the server where one cannot be
 * reached or has no such tool, or the signal's reason.
 */
export async function useMcpTools(
  servers: McpServers,
  grants: readonly McpGrant[],
  signal: AbortSignal,
): Promise<{ tools: readonly Tool[]; warnings: readonly string[]; release(): void }> {
  const uses = await Promise.allSettled(grants.map((grant) => useGranted(servers, grant, signal)));
  const begun = uses.flatMap((use) => (use.status === 'fulfilled' ? use.value : []));
  const release = () => {
    for (const use of begun) use.release();
  };
  const failed = uses.find((use) => use.status === 'rejected');
  if (!failed) {
    const [tools, warnings] = [begun.flatMap(({ tools }) => tools), begun.flatMap(({ warnings }) => warnings)];
    return { tools, warnings, release };
  }
  release();
  throw failed.reason;
}

async function useGranted(servers: McpServers, { server: id, tools: granted }: McpGrant, signal: AbortSignal) {
  const server = servers.get(id);
  if (!server) throw new TurnError('tool', `there is no MCP server "${id}" any more: see agents.mcpServers`);
  const { tools: offered, unfit, release } = await server.use(signal);
  const names = granted === 'all' ? [...offered.keys(), ...unfit.keys()] : granted;
  const missing = names.find((name) => !offered.has(name) && !unfit.has(name));
  if (missing === undefined) {
    const warnings = names.flatMap((name) => unfit.get(name) ?? []);
    return { tools: names.flatMap((name) => offered.get(name) ?? []), warnings, release };
  }
  release();
  throw new TurnError('tool', `MCP server "${id}" has no tool "${missing}"`, {
    said: `it has ${[...offered.keys()].join(', ')}`,
  });
}

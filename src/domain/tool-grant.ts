import { Type } from 'typebox';

/** What works on the files of the workspace. */
export const workspaceTools = ['read', 'glob', 'grep', 'write', 'edit', 'bash'] as const;
export type WorkspaceTool = (typeof workspaceTools)[number];

/** The pattern of an id under `agents.mcpServers`: no `__`, which follows it in the names that models see. */
export const serverId = '[a-z0-9]+([_-][a-z0-9]+)*';

/** A list of tools: some of these by name, and what MCP servers offer. */
export function toolsSchema<Name extends string>(
  names: readonly Name[],
  options: { description: string; default?: readonly Name[] },
) {
  const entry = Type.Union([Type.Enum([...names]), Type.String({ pattern: `^mcp:${serverId}(/.+)?$` })], {
    title: `one of ${names.join(', ')}, mcp:<server>, mcp:<server>/<tool>`,
  });
  return Type.Array(Type.Unsafe<Name | `mcp:${string}`>(entry), {
    uniqueItems: true,
    title: 'a list of tools, each once',
    ...options,
  });
}

/** A server that a list of tools names, and which of its tools. */
export interface McpGrant {
  readonly server: string;
  readonly tools: readonly string[] | 'all';
}

/** What a list of tools grants of MCP servers, a grant for each of them. */
export function mcpGrants(list: readonly string[]): McpGrant[] {
  const named = list.flatMap((entry) => {
    const [, server, tool] = /^mcp:([^/]+)(?:\/(.+))?$/s.exec(entry) ?? [];
    return server === undefined ? [] : { server, tool };
  });
  return [...Map.groupBy(named, ({ server }) => server)].map(([server, entries]) => {
    const tools = entries.flatMap(({ tool }) => tool ?? []);
    return { server, tools: tools.length < entries.length ? 'all' : tools };
  });
}

/** The workspace tools that a list of tools grants. */
export function workspaceGrants(list: readonly string[]): WorkspaceTool[] {
  return workspaceTools.filter((name) => list.includes(name));
}

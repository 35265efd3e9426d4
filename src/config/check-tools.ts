import { realpathSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { mcpGrants, workspaceGrants } from '../domain/tool-grant.ts';
import { fileName } from '../schema/json5-file.ts';
import { toPointer } from '../schema/problem.ts';
import { storeOf } from '../store/store-url.ts';
import type { LoadedConfig } from './load.ts';

/** Gives the check of a list of tools: it throws an Error that says why this config cannot grant them. */
export function createToolCheck({ config, file, envFile, leftOut }: LoadedConfig): (tools: readonly string[]) => void {
  const { hooks, specs, agents, store } = config;
  const servers = Object.keys(agents.mcpServers);
  const { workspace } = agents.defaults;
  const ownFiles = [file, envFile, storeOf(store.url).file, hooks.transformsDir, specs.dir];
  const exposed = ownFiles.find((own) => isWithin(realPath(workspace), realPath(own)));

  return (tools) => {
    const unknown = mcpGrants(tools).find(({ server }) => !servers.includes(server));
    if (unknown && leftOut.some(({ kind, id }) => kind === 'mcp' && id === unknown.server)) {
      throw new Error(`the MCP server "${unknown.server}" does not load: see agents.mcpServers.${unknown.server}`);
    }
    if (unknown) {
      const known = servers.length > 0 ? `has ${servers.join(', ')}` : 'is empty';
      throw new Error(`there is no MCP server "${unknown.server}"; agents.mcpServers ${known}`);
    }
    const [tool] = workspaceGrants(tools);
    if (tool && exposed !== undefined) {
      throw new Error(
        `"${tool}" needs a workspace of its own: ${fileName(exposed)} lies in agents.defaults.workspace, where a run could get at it`,
      );
    }
  };
}

/** Checks the lists of tools that no mapping has. Throws ConfigError. */
export function checkDefaultTools(
  { config, locate }: LoadedConfig,
  checkTools: (tools: readonly string[]) => void,
): void {
  const { tools, heartbeat } = config.agents.defaults;
  const lists = [
    { path: ['tools'], list: tools },
    { path: ['heartbeat', 'tools'], list: heartbeat.tools },
  ];
  const problems = lists.flatMap(({ path, list }) => {
    try {
      checkTools(list);
      return [];
    } catch (error) {
      return { path: toPointer(['agents', 'defaults', ...path]), message: messageOf(error) };
    }
  });
  if (problems.length > 0) throw new ConfigError(locate(problems));
}

function isWithin(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** Without links, also where the last part does not exist yet. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const parent = path.dirname(file);
    return parent === file ? file : path.join(realPath(parent), path.basename(file));
  }
}

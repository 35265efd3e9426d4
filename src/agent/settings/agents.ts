import { type Static, Type } from 'typebox';
import type { Origins, Problem } from '../../schema/problem.ts';
import { checkDefaults, defaults } from './defaults.ts';
import { checkHeartbeat } from './heartbeat.ts';
import { checkMcpServers, mcpServers } from './mcp-servers.ts';
import { prices } from './money.ts';
import { checkProviders, providers } from './providers.ts';

/** `agents` */
export const agents = Type.Object(
  { defaults, providers, prices, mcpServers },
  { additionalProperties: false, default: {} },
);
export type AgentSettings = Static<typeof agents>;

/** What the schema cannot say about `agents` of a config that may still be invalid. */
export function checkAgents(config: unknown, origins: Origins): Problem[] {
  return [
    ...checkDefaults(config, origins),
    ...checkHeartbeat(config, origins),
    ...checkProviders(config),
    ...checkMcpServers(config),
  ];
}

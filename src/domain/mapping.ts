import { workspaceTools } from './tool-grant.ts';

/** What a run may do besides answering; `command` is to run on a model that is a command, which has a power of its own. */
const toolNames = ['ping_user', 'report', 'command'] as const;
export type ToolName = (typeof toolNames)[number];
/** Those that `tools` of a mapping may list by name. */
export const runTools = [...toolNames, ...workspaceTools] as const;
/** An entry of a list of tools: one of these, or what an MCP server offers. */
type GrantedTool = (typeof runTools)[number] | `mcp:${string}`;

/** Where a mapping came from. */
export type Origin = 'builtin' | 'config' | 'preset' | 'spec';

/** The safety decisions a run carries beside its action: a snapshot, since it may execute later. */
export interface Policy {
  readonly allowUnsafeExternalContent: boolean;
  readonly updateMainSession: 'always' | 'on_ping' | 'freely' | 'blocked';
  readonly screen: boolean;
  readonly tools: readonly GrantedTool[];
  readonly context: 'none' | 'main';
  /** how long its runs wait for a provider that is down, in ms; as the defaults have it unless given */
  readonly retryForMs?: number;
}

/** What a mapping grants that says nothing about safety. */
export const usualPolicy: Policy = {
  allowUnsafeExternalContent: false,
  updateMainSession: 'always',
  screen: false,
  tools: [],
  context: 'none',
};

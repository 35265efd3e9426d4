import { useMcpTools } from '../../agent/mcp/servers.ts';
import { checkInput, type Tool } from '../../agent/tools/tool.ts';
import { openWorkspaceTools } from '../../agent/tools/workspace-tools.ts';
import { unlessAborted } from '../../agent/unless-aborted.ts';
import { messageOf } from '../../domain/errors.ts';
import { oneLine } from '../../domain/run.ts';
import type { Mask } from '../../domain/text/mask.ts';
import type { ToolCall } from '../../domain/tool-call.ts';
import { mcpGrants, workspaceGrants } from '../../domain/tool-grant.ts';
import type { Runtime } from '../runtime.ts';
import type { LiveCall } from '../watching/live-runs.ts';

/** What the model is told of one result, in characters: about 12,000 tokens. */
export const maxResult = 50_000;
const maxInput = 2000;

/**
 * For one turn: the tools that a list of tools grants of MCP servers and the workspace, until `close`. Throws a `TurnError`
 * where one of them cannot be had, or the signal's reason.
 */
export async function openTools(
  settings: ReturnType<Runtime['current']>,
  granted: readonly string[],
  signal: AbortSignal,
): Promise<{ tools: readonly Tool[]; warnings: readonly string[]; close(): Promise<void> }> {
  const { workspace: folder } = settings.config.agents.defaults;
  const workspace = await openWorkspaceTools(folder, workspaceGrants(granted), signal);
  const mcp = await useMcpTools(settings.mcpServers, mcpGrants(granted), signal).catch(async (error) => {
    await workspace.close();
    throw error;
  });
  return {
    tools: [...workspace.tools, ...mcp.tools],
    warnings: mcp.warnings,
    async close() {
      mcp.release();
      await workspace.close();
    },
  };
}

interface Noted {
  readonly attempt: number;
  readonly calls: ToolCall[];
  /** told of each call when it begins and when it has ended */
  readonly onCall: (call: LiveCall) => void;
  /** throws where a model that wants a call is not to be asked again: the call is noted, and not made */
  readonly mayGoOn: () => void;
  readonly signal: AbortSignal;
  /** what a tool answers may hold what it was given */
  readonly mask: Mask;
}

/**
 * The same tools, whose calls end with the signal, tell the model no more than it can read and no secret that is known, and are
 * noted in `calls`.
 */
export function recordedTools(
  tools: readonly Tool[],
  { attempt, calls, onCall, mayGoOn, signal, mask }: Noted,
): Tool[] {
  // A secret at the cut is masked as well, and what nobody sees is not looked through.
  const told = (text: string) => cut(mask(text.slice(0, 2 * maxResult)), maxResult, text.length);
  return tools.map((tool) => ({
    ...tool,
    checksInput: true,
    async run(input) {
      const began = Date.now();
      const call = { name: tool.name, input: cut(mask(JSON.stringify(input ?? null)), maxInput) };
      // Noted before it ends, since the turn may end before it does.
      const number = calls.push({ attempt, ...call, resultChars: 0, ms: 0, error: 'cut short' }) - 1;
      onCall({ number, ...call, result: null });
      const note = (resultChars: number, error: string | null) => {
        const result = { resultChars, ms: Date.now() - began, error };
        calls[number] = { attempt, ...call, ...result };
        onCall({ number, ...call, result });
      };
      try {
        mayGoOn();
        const result = await unlessAborted(tool.run(checkInput(tool, input), signal), signal);
        note(result.length, null);
        return told(result);
      } catch (error) {
        note(0, oneLine(told(messageOf(error)), 300));
        throw new Error(told(messageOf(error)));
      }
    },
  }));
}

/** Well-formed, since not every API takes half a character. */
export function cut(text: string, limit: number, length = text.length): string {
  if (length <= limit || text.length <= limit) return text.toWellFormed();
  return `${text.slice(0, limit).toWellFormed()}\n[cut: ${length} characters in all]`;
}

import { useMcpTools } from '../agent/mcp-servers.ts';
import { checkInput, type Tool } from '../agent/tool.ts';
import { unlessAborted } from '../agent/unless-aborted.ts';
import { openWorkspaceTools } from '../agent/workspace-tools.ts';
import { messageOf } from '../domain/errors.ts';
import { oneLine } from '../domain/run.ts';
import type { ToolCall } from '../domain/tool-call.ts';
import { mcpGrants, workspaceGrants } from '../domain/tool-grant.ts';
import type { Runtime } from './runtime.ts';

/** What the model is told of one result, in characters: about 12,000 tokens. */
const maxResult = 50_000;
const maxInput = 2000;

/**
 * For one turn: the tools that a list of tools grants of MCP servers and the workspace, until `close`. Throws a `TurnError`
 * where one of them cannot be had, or the signal's reason.
 */
export async function openTools(
  settings: ReturnType<Runtime['current']>,
  granted: readonly string[],
  signal: AbortSignal,
): Promise<{ tools: readonly Tool[]; close(): Promise<void> }> {
  const { workspace: folder } = settings.config.agents.defaults;
  const workspace = await openWorkspaceTools(folder, workspaceGrants(granted), signal);
  const mcp = await useMcpTools(settings.mcpServers, mcpGrants(granted), signal).catch(async (error) => {
    await workspace.close();
    throw error;
  });
  return {
    tools: [...workspace.tools, ...mcp.tools],
    async close() {
      mcp.release();
      await workspace.close();
    },
  };
}

/** The same tools, whose calls end with the signal, tell the model no more than it can read, and are noted in `calls`. */
export function recorded(
  tools: readonly Tool[],
  { attempt, calls, signal }: { attempt: number; calls: ToolCall[]; signal: AbortSignal },
): Tool[] {
  return tools.map((tool) => ({
    ...tool,
    checksInput: true,
    async run(input) {
      const began = Date.now();
      const call = { attempt, name: tool.name, input: cut(JSON.stringify(input ?? null), maxInput), resultChars: 0 };
      // Noted before it ends, since the turn may end before it does.
      const at = calls.push({ ...call, ms: 0, error: 'cut short' }) - 1;
      const note = (resultChars: number, error: string | null) => {
        calls[at] = { ...call, resultChars, ms: Date.now() - began, error };
      };
      try {
        const result = await unlessAborted(tool.run(checkInput(tool, input), signal), signal);
        note(result.length, null);
        return cut(result, maxResult);
      } catch (error) {
        note(0, oneLine(messageOf(error), 300));
        throw new Error(cut(messageOf(error), maxResult));
      }
    },
  }));
}

/** Well-formed, since not every API takes half a character. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed();
  return `${text.slice(0, limit).toWellFormed()}\n[cut: ${text.length} characters in all]`;
}

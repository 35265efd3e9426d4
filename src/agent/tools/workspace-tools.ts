import fs from 'node:fs';
import path from 'node:path';
import { TurnError } from '../../domain/errors.ts';
import type { WorkspaceTool } from '../../domain/tool-grant.ts';
import type { Tool } from './tool.ts';

/** What `bash` finds in its environment, where we have it: none of our tokens and keys. */
const passedOn = ['PATH', 'HOME', 'LANG'] as const;
const shell = '/bin/bash';

/**
 * For one turn: tools that work on the files of the workspace, which is made where it is missing, until `close`. The SDK keeps
 * all but `bash` inside it, links included; it is loaded here, at the first use. HEARTBEAT.md is the owner's own words to main,
 * so it can be read but not written. Throws a `TurnError` where the workspace or the shell is not there.
 */
export async function openWorkspaceTools(
  workspace: string,
  names: readonly WorkspaceTool[],
  signal: AbortSignal,
): Promise<{ tools: readonly Tool[]; close(): Promise<void> }> {
  if (names.length === 0) return { tools: [], close: async () => {} };
  if (names.includes('bash') && !fs.existsSync(shell)) throw new TurnError('tool', `the tool bash needs ${shell}`);
  makeFolder(workspace);
  const { betaAgentToolset20260401 } = await import('@anthropic-ai/sdk/tools/agent-toolset/node');
  const env = Object.fromEntries(passedOn.map((name) => [name, process.env[name]]));
  const readOnlyRoots = [path.join(workspace, 'HEARTBEAT.md')];
  const opened = betaAgentToolset20260401({ workdir: workspace, env, readOnlyRoots }).flatMap((tool) =>
    'input_schema' in tool && names.some((name) => name === tool.name) ? tool : [],
  );
  return {
    tools: opened.map(({ name, description = '', input_schema: inputSchema, run }) => ({
      name,
      description,
      inputSchema,
      checksInput: true,
      async run(input) {
        // A shell that cannot start in its folder would bring the whole gateway down.
        makeFolder(workspace);
        const toolUse = { type: 'tool_use' as const, id: '', name, input };
        return String(await run(input, { toolUse, toolUseBlock: toolUse, signal }));
      },
    })),
    async close() {
      await Promise.all(opened.map((tool) => tool.close?.()));
    },
  };
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new TurnError('tool', `agents.defaults.workspace cannot be made: ${(error as Error).message}`);
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { atEnd } from './at-end.ts';

const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
const odd = fileURLToPath(new URL('odd-mcp-server.ts', import.meta.url));

/** The official test server as `agents.mcpServers` has it, over stdio. */
export const everythingServer = { command: process.execPath, args: [everything, 'stdio'] };
/** Our own one. `silent` never answers, `dead` ends at once, `strange` has tools that model APIs refuse. */
export const oddServer = (...start: ('silent' | 'dead' | 'strange')[]) => ({
  command: process.execPath,
  args: [odd, ...start],
});

/** Starts the official test server over HTTP; it is gone after `stop`, or when the tests of the file are over. */
export async function startEverythingOverHttp(port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [everything, 'streamableHttp'], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  atEnd(stop);
  await new Promise<void>((resolve, reject) => {
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('listening on port')) resolve();
    });
    void ended.then(() => reject(new Error(`the MCP server ended: ${printed}`)));
  });
  return { url: `http://127.0.0.1:${port}/mcp`, stop };
}

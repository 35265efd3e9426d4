import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createToolCheck } from '../../src/config/check-tools.ts';
import { loadConfig } from '../../src/config/load.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = tempDir();

/** Why a config, in a folder of its own, cannot grant the tools; null where it can. */
function problemOf(tools: readonly string[], agents: object, more: object = {}): string | null {
  const dir = fs.mkdtempSync(path.join(root, 'config-'));
  fs.symlinkSync('.', path.join(dir, 'link'));
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify({ agents, ...more }));
  try {
    createToolCheck(loadConfig(path.join(dir, 'gimli.json5'), {}))(tools);
    return null;
  } catch (error) {
    return (error as Error).message.replaceAll(`${dir}/`, '');
  }
}

const mcpServers = { files: { command: 'npx' }, mail: { url: 'https://example.com/mcp' } };

describe('a list of tools', () => {
  it('names servers that there are', () => {
    expect(problemOf(['mcp:files', 'mcp:mail/send', 'ping_user'], { mcpServers })).toBeNull();
    expect(problemOf(['mcp:files', 'mcp:post/send'], { mcpServers })).toBe(
      'there is no MCP server "post"; agents.mcpServers has files, mail',
    );
    expect(problemOf(['mcp:files'], {})).toBe('there is no MCP server "files"; agents.mcpServers is empty');
  });

  it('gives no tools for files to a workspace in which the files of the gateway lie', () => {
    const at = (workspace: string, more: object = {}) => problemOf(['read'], { defaults: { workspace } }, more);
    const refusal = (file: string) =>
      `"read" needs a workspace of its own: ${file} lies in agents.defaults.workspace, where a run could get at it`;
    expect(at('./workspace')).toBeNull();
    expect(at('.')).toBe(refusal('gimli.json5'));
    expect(at('./link')).toBe(refusal('gimli.json5'));
    expect(at('./workspace/..')).toBe(refusal('gimli.json5'));
    expect(at('./data')).toBe(refusal('data/gimli.db'));
    expect(at('./data', { store: { url: 'sqlite:store/gimli.db' } })).toBeNull();
    expect(at('./link/scripts', { hooks: { transformsDir: './scripts' } })).toBe(refusal('scripts'));
    expect(at('./words', { specs: { dir: './words/specs' } })).toBe(refusal('words/specs'));
    expect(problemOf(['ping_user', 'mcp:files'], { defaults: { workspace: '.' }, mcpServers })).toBeNull();
  });
});

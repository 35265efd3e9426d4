import { expect, it } from '@jest/globals';
import { checkMcpServers } from '../../../src/agent/settings/mcp-servers.ts';

const problemsOf = (server: unknown) =>
  checkMcpServers({ agents: { mcpServers: { files: server } } }).map(({ path, message }) => `${path}: ${message}`);

it('an MCP server has a command or a url', () => {
  expect(problemsOf({ command: 'npx', args: ['files'], env: {}, cwd: '.' })).toEqual([]);
  expect(problemsOf({ url: 'https://example.com/mcp', headers: {} })).toEqual([]);
  expect(problemsOf({})).toEqual(['/agents/mcpServers/files: an MCP server needs a command or a url']);
  expect(problemsOf({ command: 'npx', url: 'https://example.com' })).toEqual([
    '/agents/mcpServers/files: expected a command or a url, found both',
  ]);
});

it('it has only what goes with that', () => {
  expect(problemsOf({ command: 'npx', headers: {} })).toEqual([
    '/agents/mcpServers/files/headers: would be ignored: it goes with url, and this server has a command',
  ]);
  expect(problemsOf({ url: 'https://example.com', args: [], env: {} })).toEqual([
    '/agents/mcpServers/files/args: would be ignored: it goes with command, and this server has a url',
    '/agents/mcpServers/files/env: would be ignored: it goes with command, and this server has a url',
  ]);
});

it('leaves values of the wrong type to the schema', () => {
  for (const servers of [undefined, null, [], 'x', { files: null }, { files: 'npx' }])
    expect(checkMcpServers({ agents: { mcpServers: servers } })).toEqual([]);
});

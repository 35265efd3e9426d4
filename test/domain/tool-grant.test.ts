import { describe, expect, it } from '@jest/globals';
import { mcpGrants, workspaceGrants } from '../../src/domain/tool-grant.ts';

describe('a list of tools', () => {
  it('grants all or some tools of each server that it names', () => {
    expect(mcpGrants(['ping_user', 'mcp:files/read', 'mcp:mail', 'mcp:files/a/b', 'mcp:mail/send', 'read'])).toEqual([
      { server: 'files', tools: ['read', 'a/b'] },
      { server: 'mail', tools: 'all' },
    ]);
    expect(mcpGrants(['read', 'report'])).toEqual([]);
  });

  it('grants the workspace tools that it names, and no tool of a server that is called like one', () => {
    expect(workspaceGrants(['mcp:x/bash', 'report', 'read', 'grep'])).toEqual(['read', 'grep']);
  });
});

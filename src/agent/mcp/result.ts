import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';

/** What a tool of an MCP server answered, as text for the model; of what is no text, only what it is. */
export function resultText({ content, structuredContent }: CallToolResult): string {
  if (content.length === 0 && structuredContent) return JSON.stringify(structuredContent);
  return content.map(blockText).join('\n');
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return notShown(block.type, block.mimeType, block.data);
    case 'resource_link':
      return `[resource ${block.uri}: ${block.name}]`;
    case 'resource': {
      const { resource } = block;
      const name = `resource ${resource.uri}`;
      return 'text' in resource ? `[${name}]\n${resource.text}` : notShown(name, resource.mimeType, resource.blob);
    }
  }
}

function notShown(what: string, mimeType: string | undefined, base64: string): string {
  return `[${what}, ${mimeType ?? 'of unknown type'}, ${Buffer.byteLength(base64, 'base64')} bytes, not shown]`;
}

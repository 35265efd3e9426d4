// An MCP server, in a process of its own, with what the official one has not: some odd tools, and a bad start where asked for.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';

const start = process.argv[2];
const tools: Tool[] = [
  tool('size', { characters: { type: 'number' } }),
  tool('fail'),
  tool('exit'),
  tool('grow'),
  tool('resource'),
  {
    ...tool('files.read/all', { path: { type: 'string', description: 'p'.repeat(3000) } }),
    description: 'd'.repeat(3000),
  },
];
if (start === 'strange') {
  const name = { type: 'string' };
  // More than the types of the SDK allow.
  const strange: object[] = [
    {
      name: 'choice',
      inputSchema: {
        type: 'object',
        anyOf: [
          { properties: { id: name }, required: ['id'] },
          { properties: { 'filter[name]': name }, required: ['filter[name]'] },
        ],
      },
    },
    { name: 'untyped', inputSchema: { properties: { a: name } } },
    { name: 'list', inputSchema: { type: 'array' } },
    { name: 'bare' },
  ];
  tools.splice(0, tools.length, tool('good'), ...(strange as Tool[]));
}
const text = (value: string, more: Partial<CallToolResult> = {}): CallToolResult => ({
  content: [{ type: 'text', text: value }],
  ...more,
});

function tool(name: string, properties: Record<string, object> = {}): Tool {
  return { name, inputSchema: { type: 'object', properties } };
}

function call(name: string, input: Record<string, unknown>): CallToolResult {
  switch (name) {
    case 'size':
      return text('x'.repeat(Number(input.characters)));
    case 'fail':
      return text('there is no such ticket', { isError: true });
    case 'exit':
      return process.exit(3);
    case 'grow':
      tools.push(tool('grown'));
      return text('grown');
    case 'resource':
      return { content: [{ type: 'resource', resource: { uri: 'file:///a.md', text: '# A' } }] };
    case 'choice':
      return text(JSON.stringify(input));
    default:
      return text(`called ${name}`);
  }
}

const server = new Server({ name: 'odd', version: '1.0.0' }, { capabilities: { tools: {} } });
// A page for each tool.
server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
  const at = Number(params?.cursor ?? 0);
  return { tools: tools.slice(at, at + 1), ...(at + 1 < tools.length ? { nextCursor: String(at + 1) } : {}) };
});
server.setRequestHandler(CallToolRequestSchema, ({ params }) => call(params.name, params.arguments ?? {}));

if (start === 'silent') process.stdin.resume();
else if (start === 'dead') {
  console.error('cannot find the license');
  process.exit(1);
} else await server.connect(new StdioServerTransport());

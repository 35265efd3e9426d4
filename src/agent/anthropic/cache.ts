import type Anthropic from '@anthropic-ai/sdk';

/** Where the vendor is to remember what it has read; it takes four of these in a request. */
const mark = { cache_control: { type: 'ephemeral' as const } };

/** What is shorter (about 1,000 tokens) the vendor does not remember. */
const leastChars = 3000;

/** Whether what repeats from turn to turn is worth being remembered: tools, system, history and the beginning of the prompt. */
export function isWorthCaching(repeated: readonly unknown[], cacheable: number): boolean {
  return JSON.stringify(repeated).length + cacheable >= leastChars;
}

/** The last of the tools marked, and so all of them. */
export function cachedTools<Tool extends object>(tools: readonly Tool[]): Tool[] {
  return tools.map((tool, at) => (at === tools.length - 1 ? { ...tool, ...mark } : tool));
}

export function cachedSystem(system: string): Anthropic.TextBlockParam[] {
  return [{ type: 'text', text: system, ...mark }];
}

/** Earlier turns, the last block of which is marked, and so all before it. */
export function cachedHistory(history: readonly Anthropic.MessageParam[]): Anthropic.MessageParam[] {
  const last = history.at(-1);
  if (!last) return [];
  const blocks: Anthropic.ContentBlockParam[] =
    typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : [...last.content];
  // Thinking cannot be marked, nor can a text without a character.
  const at = blocks.findLastIndex(
    (block) =>
      block.type === 'tool_use' || block.type === 'tool_result' || (block.type === 'text' && block.text !== ''),
  );
  const content = blocks.map((block, index) => (index === at ? ({ ...block, ...mark } as typeof block) : block));
  return [...history.slice(0, -1), { ...last, content } as Anthropic.MessageParam];
}

/** A prompt in two blocks: what repeats, and the rest. */
export function cachedPrompt(prompt: string, cacheable: number): Anthropic.MessageParam['content'] {
  if (cacheable === 0) return prompt;
  return [
    { type: 'text', text: prompt.slice(0, cacheable), ...mark },
    { type: 'text', text: prompt.slice(cacheable) },
  ];
}

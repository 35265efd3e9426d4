import type Anthropic from '@anthropic-ai/sdk';
import { noReply, type ReplayDialect } from '../history/history.ts';

/** Messages of the Anthropic API as `exchange` gives them. */
export const anthropicDialect: ReplayDialect<{
  readonly role: 'user' | 'assistant';
  readonly content: Anthropic.ContentBlockParam[] | string;
}> = {
  knows(message) {
    const { role, content, type } = message as Record<string, unknown>;
    return typeof role === 'string' && Array.isArray(content) && type === undefined;
  },
  callsTools: ({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'tool_use'),
  say: (reply, withThinking) =>
    reply.map(({ role, content }) => {
      if (typeof content === 'string') return { role, content };
      const blocks = content.filter((block) => (withThinking || !isThinking(block)) && !isBlank(block));
      return { role, content: blocks.length === 0 ? noReply : blocks };
    }),
};

const isThinking = ({ type }: Anthropic.ContentBlockParam) => type === 'thinking' || type === 'redacted_thinking';
const isBlank = (block: Anthropic.ContentBlockParam) => block.type === 'text' && block.text === '';

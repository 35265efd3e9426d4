import type Anthropic from '@anthropic-ai/sdk';
import { historyBudget, type PastTurn } from './agent.ts';

/**
 * Past turns as messages for `model` (provider/model), cut by whole turns from the oldest on. The vendor binds a thinking
 * block to its model and to everything before it, so these go when the model changed or turns were cut, or by `dropThinking`.
 */
export function replay(history: readonly PastTurn[], model: string, dropThinking: boolean): Anthropic.MessageParam[] {
  const kept = newest(history);
  const cut = kept.length < history.length;
  return kept.flatMap((past): Anthropic.MessageParam[] => [
    { role: 'user', content: past.prompt },
    { role: 'assistant', content: replyContent(past, model, dropThinking || cut) },
  ]);
}

function newest(history: readonly PastTurn[]): readonly PastTurn[] {
  let left = historyBudget;
  const oldest = history.findLastIndex((past) => {
    left -= past.prompt.length + JSON.stringify(past.reply).length;
    return left < 0;
  });
  return history.slice(oldest + 1);
}

function replyContent(past: PastTurn, model: string, dropThinking: boolean): Anthropic.MessageParam['content'] {
  // The API refuses an assistant message without text.
  const plain = past.outputText.trim() === '' ? '(no reply)' : past.outputText;
  if (providerOf(past.model) !== providerOf(model)) return plain;
  const blocks = past.reply as readonly Anthropic.ContentBlockParam[];
  const content = dropThinking || past.model !== model ? blocks.filter((block) => !isThinking(block)) : [...blocks];
  return content.length === 0 ? plain : content;
}

const providerOf = (model: string) => model.split('/')[0];
const isThinking = ({ type }: Anthropic.ContentBlockParam) => type === 'thinking' || type === 'redacted_thinking';

import type Anthropic from '@anthropic-ai/sdk';
import { historyBudget, type PastTurn, type Turn } from './agent.ts';

type Message = Anthropic.MessageParam;

/** What `exchange` gives, after a stay in the store. */
interface StoredMessage {
  readonly role: 'user' | 'assistant';
  readonly content: Anthropic.ContentBlockParam[];
}

/**
 * The past turns of a turn as messages for `model` (provider/model), cut by whole turns from the oldest on, so that no tool
 * call loses its result. The vendor binds a thinking block to its model and to everything before it, so these go when the
 * model changed, when turns were cut or shown otherwise, or by `dropThinking`.
 */
export function replay({ history, tools }: Turn, model: string, dropThinking: boolean): Message[] {
  const kept = newest(history);
  const own = kept.filter((past) => past.reply.length > 0 && providerOf(past.model) === providerOf(model));
  // The API refuses tool calls in a request without tools.
  const whole = tools.length > 0 ? own : own.filter((past) => !calledTools(past));
  const withoutThinking = dropThinking || kept.length < history.length || whole.length < own.length;
  return kept.flatMap((past): Message[] => [
    { role: 'user', content: past.prompt },
    ...(whole.includes(past)
      ? messagesOf(past).map((message) => speakable(message, withoutThinking || past.model !== model))
      : [{ role: 'assistant' as const, content: past.outputText.trim() === '' ? noReply : past.outputText }]),
  ]);
}

/** The API refuses an assistant message without text. */
const noReply = '(no reply)';

function newest(history: readonly PastTurn[]): readonly PastTurn[] {
  let left = historyBudget;
  const oldest = history.findLastIndex((past) => {
    left -= past.prompt.length + JSON.stringify(past.reply).length;
    return left < 0;
  });
  return history.slice(oldest + 1);
}

function speakable({ role, content }: StoredMessage, withoutThinking: boolean): Message {
  const blocks = withoutThinking ? content.filter(({ type }) => !thinkingTypes.includes(type)) : content;
  return { role, content: blocks.length === 0 ? noReply : blocks };
}

const thinkingTypes = ['thinking', 'redacted_thinking'];

function calledTools(past: PastTurn): boolean {
  return messagesOf(past).some(({ content }) => content.some(({ type }) => type === 'tool_use'));
}

const messagesOf = ({ reply }: PastTurn) => reply as readonly StoredMessage[];
const providerOf = (model: string) => model.split('/')[0];

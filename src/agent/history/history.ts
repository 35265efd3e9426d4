import { historyBudget, type PastTurn, type Turn } from '../agent.ts';
import { fitHistory } from './fit-history.ts';

/** A message of words alone, which every API takes in this form. */
export interface Plain {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What an API makes of a reply, after a stay in the store. */
export interface ReplayDialect<Message> {
  /** false for a message that another API has made, under the same provider before its `api` was changed */
  knows(message: unknown): boolean;
  callsTools(message: Message): boolean;
  /** The messages of a reply as the API takes them back, with the model's thoughts or without. */
  say(reply: readonly Message[], withThinking: boolean): readonly Message[];
}

/**
 * The past turns of a turn as messages for `model` (provider/model), as far as they fit, and in whole turns or as plain text, so
 * that no tool call loses its result. What another provider answered is shown as text. Vendors bind thinking to its model and to everything
 * before it, so it goes when the model changed, when turns were cut or shown otherwise, or by `dropThinking`.
 */
export function replay<Message>(
  { history, historyBudget: budget = historyBudget, tools }: Turn,
  model: string,
  { knows, callsTools, say }: ReplayDialect<Message>,
  dropThinking: boolean,
): (Message | Plain)[] {
  const { turns: kept, shortened, leftOut } = fitHistory(history, budget);
  const own = kept.filter((past) => providerOf(past.model) === providerOf(model) && past.reply.length > 0);
  const replyOf = ({ reply }: PastTurn) => reply as readonly Message[];
  // APIs refuse a message without text, and some refuse tool calls in a request without tools.
  const sayable = (past: PastTurn) =>
    past.reply.every(knows) && (replyOf(past).some(callsTools) ? tools.length > 0 : past.outputText.trim() !== '');
  const whole = new Set(own.filter(sayable));
  const thoughtless = dropThinking || shortened + leftOut > 0 || whole.size < own.length;
  return kept.flatMap((past): (Message | Plain)[] => {
    const text = past.outputText.trim() === '' ? noReply : past.outputText;
    const verbatim = whole.has(past) ? replyOf(past) : [];
    const reply = say(verbatim, !thoughtless && past.model === model);
    const plain: Plain = { role: 'assistant', content: text };
    return [{ role: 'user', content: past.prompt }, ...(reply.length > 0 ? reply : [plain])];
  });
}

/** Stands for a message without text. */
export const noReply = '(no reply)';

const providerOf = (model: string) => model.split('/')[0];

import type { Thinking } from '../domain/action.ts';
import type { Usage } from '../domain/run.ts';
import type { Tool } from './tools/tool.ts';

/**
 * Answers one turn. Rejects with a `TurnError`, which says whether another attempt may help; when `turn.signal` aborts,
 * with the signal's own reason, since only its owner knows why.
 */
export type Agent = (turn: Turn) => Promise<Reply>;

export interface Turn {
  /** the model's id without its provider */
  readonly model: string;
  /** our own words about how to answer, which stand before all else */
  readonly system?: string;
  readonly prompt: string;
  /** how many characters at the prompt's beginning repeat from turn to turn, for APIs that are told what to cache */
  readonly cacheable?: number | undefined;
  /** JSON Schema of the answer, whose text is then to be JSON. Not every server obeys, so the caller checks. */
  readonly format?: Readonly<Record<string, unknown>>;
  /** earlier turns of the session, oldest first */
  readonly history: readonly PastTurn[];
  /** how much of them is replayed, in characters; `historyBudget` unless given */
  readonly historyBudget?: number | undefined;
  /** absent = as the model does by itself */
  readonly thinking?: Thinking | undefined;
  /** what the model may call; an agent that cannot call tools leaves them out */
  readonly tools: readonly Tool[];
  /**
   * told of the text of each answer piece by piece, as it comes; without it answers are waited for as a whole. Must not throw.
   */
  readonly onText?: ((piece: string) => void) | undefined;
  /** told, in words for people, of what the turn had to do without */
  readonly onWarning?: ((message: string) => void) | undefined;
  /**
   * told of the tokens of each answer of the model that says how many, before its tools run and also where the turn fails later
   * on; what it throws ends the turn
   */
  readonly onUsage?: ((usage: Usage) => void) | undefined;
  readonly signal: AbortSignal;
}

export interface PastTurn {
  readonly prompt: string;
  /** what `Reply.reply` was */
  readonly reply: readonly unknown[];
  /** provider/model it ran on */
  readonly model: string;
  readonly outputText: string;
  /** characters cut out of the middle of each, where the whole was too large to be read; there is no `reply` then */
  readonly leftOut?: { readonly prompt: number; readonly outputText: number } | undefined;
}

export interface Reply {
  readonly text: string;
  /**
   * every message that followed the prompt, tool calls and their results included, in the provider's own form; stored as it
   * is, and replayed in later turns of the session
   */
  readonly reply: readonly unknown[];
  /** of the whole turn */
  readonly usage: Usage;
  /** provider/model, as the turn asked for it */
  readonly model: string;
  /** for people, where the reply may be less than it looks */
  readonly warning?: string;
}

/** How much of a session a turn replays, in characters of its JSON: about 25,000 tokens, so that an old session stays affordable. */
export const historyBudget = 100_000;

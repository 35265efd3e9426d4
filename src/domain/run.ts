import type { AgentAction } from './action.ts';
import type { Policy } from './mapping.ts';
import { shorten } from './text/shorten.ts';

export const runStatuses = ['pending', 'running', 'completed', 'error'] as const;
export type RunStatus = (typeof runStatuses)[number];

/** Why a run ended in `error`. */
export const runErrorCodes = [
  'timeout',
  'refusal',
  'truncated',
  'tool',
  'tool-limit',
  'model',
  'provider',
  'screened',
  'budget',
  'interrupted',
  'cancelled',
  'internal',
] as const;
export type RunErrorCode = (typeof runErrorCodes)[number];

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What was used, and what that cost. */
export interface Spending extends Usage {
  /** US dollars, as far as is known */
  readonly cost: number;
  /** how many answers are not in `cost`, since nobody knows what they cost */
  readonly unpricedAnswers: number;
}

/** What came of having a run's values screened. */
export interface Screening {
  /** `failed`: there is no verdict; `skipped`: none was needed */
  readonly verdict: 'clean' | 'flagged' | 'failed' | 'skipped';
  /** provider/model that was asked; null where none was */
  readonly model: string | null;
  /** null where it is not known */
  readonly usage: Usage | null;
  /** the values that are not clean */
  readonly flagged: readonly Flag[];
  /** why it failed or was skipped */
  readonly detail: string | null;
  /** of the model, its instructions and the values: what was found clean need not be asked about again */
  readonly digest: string | null;
}

/** A value that may be an attack. */
export interface Flag {
  /** the value's name in the prompt */
  readonly name: string;
  readonly verdict: 'suspicious' | 'injection';
  /** one line by a model that has read a stranger's words, so no better than these */
  readonly reason: string;
}

/** The durable record of one turn. Times are epoch ms. */
export interface Run {
  readonly id: string;
  /** a hook's run, or the run of a heartbeat */
  readonly kind: 'hook' | 'heartbeat';
  readonly eventId: string | null;
  /** null where it is no step of a workflow */
  readonly workflowRunId: string | null;
  /** its place among the steps, from 0; null also where the workflow was tried again from an earlier step */
  readonly step: number | null;
  /** it is to end, whatever becomes of the turn that may be under way */
  readonly cancelled: boolean;
  /** the hook of its mapping; the mapping's id where that answers for every hook */
  readonly hook: string;
  readonly name: string;
  readonly sessionKey: string;
  readonly status: RunStatus;
  readonly action: AgentAction;
  readonly policy: Policy;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly attempts: number;
  readonly model: string | null;
  /** of all attempts, screening included; null where no model has answered */
  readonly spending: Spending | null;
  /** the prompt as sent to the model */
  readonly prompt: string | null;
  /** all messages after the prompt in the provider's own form, replayed verbatim by later turns of the session */
  readonly reply: readonly unknown[] | null;
  readonly outputText: string | null;
  readonly summary: string | null;
  /** for people, where something else happened than was asked for: another model ran */
  readonly warning: string | null;
  readonly error: string | null;
  readonly errorCode: RunErrorCode | null;
  /** of the latest attempt that came so far; null where the policy does not ask for it */
  readonly screening: Screening | null;
}

export function isOver({ status }: Pick<Run, 'status'>): boolean {
  return status === 'completed' || status === 'error';
}

/** The key of the owner's session. */
export const mainSession = 'main';

/** The first line that says something, at most 200 characters: what a run tells main. */
export function summaryOf(outputText: string): string {
  return oneLine(outputText.split('\n').find((line) => line.trim() !== '') ?? '', 200);
}

/** One line without control characters, cut at `limit` characters with an ellipsis. */
export function oneLine(text: string, limit: number): string {
  return shorten(text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim(), limit);
}

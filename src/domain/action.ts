import type { Each } from './event.ts';
import type { Reference, Text } from './text/text.ts';

/** How hard a model may think. */
export const thinkingLevels = ['off', 'minimal', 'low', 'medium', 'high', 'max'] as const;
export type Thinking = (typeof thinkingLevels)[number];

/** Whether a step runs: by how the nearest earlier step that ran has ended. */
export const stepConditions = ['always', 'previous-success', 'previous-error'] as const;
type StepCondition = (typeof stepConditions)[number];

/** Put a line into main's inbox. */
export interface WakeAction {
  readonly kind: 'wake';
  readonly text: Text;
  readonly wakeMode: 'now' | 'next-heartbeat';
  readonly each?: Each;
  readonly dedupeKey?: string;
}

/** Run one isolated agent turn. */
export interface AgentAction {
  readonly kind: 'agent';
  readonly message: Text;
  /** values that the agent sees besides those in the message */
  readonly data?: readonly Reference[];
  readonly name: string;
  readonly sessionKey: string;
  readonly wakeMode: 'now' | 'next-heartbeat';
  readonly deliver: boolean;
  readonly channel: string;
  readonly to?: string;
  /** provider/model, already resolved and allowed; absent = the default at the time of the run */
  readonly model?: string;
  readonly thinking?: Thinking;
  readonly timeoutSeconds?: number;
  /** for people, where something else was made of it than was asked for: part of the warning of its run */
  readonly warnings?: readonly string[];
  readonly each?: Each;
  /** of a heartbeat: it does not see the earlier turns of main */
  readonly withoutTurns?: boolean;
  /** of the actions of a mapping with the same key one is done */
  readonly dedupeKey?: string;
  /** actions of a mapping that are the same in this, and ask for the same, go into one run */
  readonly coalesce?: {
    readonly key: string;
    /** the session that the action asks for; null where its run is to have one of its own */
    readonly sessionKey: string | null;
  };
  /** of an action that others may join: how long its texts are, in characters */
  readonly chars?: number;
}

/** Run several turns of one session, one after the other. */
export interface WorkflowAction
  extends Pick<AgentAction, 'name' | 'wakeMode' | 'channel' | 'to' | 'each' | 'dedupeKey'> {
  readonly kind: 'workflow';
  readonly workflowId: string;
  readonly steps: readonly Step[];
  /** true: a caller wrote the messages, which are data; what they name of earlier steps is put into them */
  readonly outside: boolean;
  /** undefined: a session of its own */
  readonly sessionKey?: string;
  readonly continueOnError: boolean;
  readonly deliver: boolean | 'every-step';
}

/** A step with what it takes from its workflow. */
export interface Step
  extends Pick<AgentAction, 'name' | 'message' | 'model' | 'thinking' | 'timeoutSeconds' | 'warnings'> {
  readonly id: string;
  readonly condition: StepCondition;
}

export type Action = WakeAction | AgentAction | WorkflowAction;

/** What an action says: one text, or that of each step. */
export function textsOf(action: Action): readonly Text[] {
  if (action.kind === 'workflow') return action.steps.map(({ message }) => message);
  return [action.kind === 'wake' ? action.text : action.message];
}

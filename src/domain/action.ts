import { type Static, Type } from 'typebox';
import type { Each } from './event.ts';
import type { Reference, Text } from './text.ts';

/** The messengers that an action may name. `last` is the route of main's own latest delivery. */
export const channels = [
  'last',
  'whatsapp',
  'telegram',
  'discord',
  'slack',
  'mattermost',
  'signal',
  'imessage',
  'msteams',
  'webhook',
  'log',
] as const;

const thinkingLevels = ['off', 'minimal', 'low', 'medium', 'high', 'max'] as const;
export type Thinking = (typeof thinkingLevels)[number];

const text = { minLength: 1, pattern: '\\S' };

/** How a reply is made and where it goes: what a preset's overlay may change, too. */
export const replyFields = {
  model: Type.String({
    ...text,
    description: 'A model as `provider/model`, or an alias from `agents.defaults.models`.',
  }),
  thinking: Type.Enum([...thinkingLevels], { description: 'How hard the model thinks.' }),
  deliver: Type.Boolean({ default: true, description: 'Send the reply through a channel.' }),
  channel: Type.Enum([...channels], { default: 'last', description: 'The channel that carries the reply.' }),
  to: Type.String({ ...text, description: 'The recipient on that channel.' }),
};

/** Every field of an agent action but its message; written once for the API, mappings and transforms. */
export const agentFields = {
  ...replyFields,
  name: Type.String({ ...text, maxLength: 200, description: 'A human-readable name, used in summaries.' }),
  sessionKey: Type.String({ ...text, maxLength: 500, description: 'The conversation this run belongs to.' }),
  wakeMode: Type.Enum(['now', 'next-heartbeat'], {
    default: 'now',
    description: 'Whether main is woken at once or reads it at its next timer beat.',
  }),
  timeoutSeconds: Type.Integer({ minimum: 1, maximum: 86400, description: 'Limit of one attempt, in seconds.' }),
};

/** Body of `POST /hooks/agent`. Unknown fields are ignored. */
export const agentPayloadSchema = Type.Object({
  message: Type.String(text),
  ...Type.Partial(Type.Object(agentFields)).properties,
});
export type AgentPayload = Static<typeof agentPayloadSchema>;

/** Body of `POST /hooks/wake`. */
export const wakePayloadSchema = Type.Object({
  text: Type.String(text),
  mode: Type.Optional(agentFields.wakeMode),
});

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
  readonly each?: Each;
  /** of the actions of a mapping with the same key one is done */
  readonly dedupeKey?: string;
  /** actions of a mapping that are the same in this, and ask for the same, go into one run */
  readonly coalesce?: {
    readonly key: string;
    /** the session that the action asks for; null where its run is to have one of its own */
    readonly sessionKey: string | null;
  };
}

export type Action = WakeAction | AgentAction;

import { Type } from 'typebox';
import { channelNames } from '../../channels/catalog.ts';
import { recipientSchema } from '../../channels/settings.ts';
import { thinkingLevels } from '../../domain/action.ts';

const text = { minLength: 1, pattern: '\\S' };

/** What an action may name as its channel: `last` is the route of main's own latest delivery. */
export const actionChannels = ['last', ...channelNames] as const;

/** How a reply is made and where it goes: what a preset's overlay may change, too. */
export const replyFields = {
  model: Type.String({
    ...text,
    description: 'A model as `provider/model`, or an alias from `agents.defaults.models`.',
  }),
  thinking: Type.Enum([...thinkingLevels], { description: 'How hard the model thinks.' }),
  deliver: Type.Boolean({ default: true, description: 'Send the reply through a channel.' }),
  channel: Type.Enum([...actionChannels], { default: 'last', description: 'The channel that carries the reply.' }),
  to: recipientSchema,
};

/** How long one attempt may take. */
export const timeoutSeconds = Type.Integer({
  minimum: 1,
  maximum: 86400,
  description: 'Limit of one attempt, in seconds.',
});

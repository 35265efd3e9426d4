import { type Static, Type } from 'typebox';
import { channelNames, channelSettings } from './catalog.ts';

const strict = { additionalProperties: false };

/** Whom a channel is to reach. */
export const recipientSchema = Type.String({
  minLength: 1,
  pattern: '\\S',
  description: 'The recipient on that channel.',
});

/** `channels` */
export const channelsSettings = Type.Object(
  {
    owner: Type.Optional(
      Type.Object(
        {
          channel: Type.Enum([...channelNames], { description: 'Where the owner is reached.' }),
          to: Type.Optional(recipientSchema),
        },
        { ...strict, description: 'Where replies go when no delivery of main has set a route yet.' },
      ),
    ),
    ...channelSettings(),
  },
  { ...strict, default: {} },
);
export type ChannelSettings = Static<typeof channelsSettings>;

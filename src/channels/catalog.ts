import { type TSchema, Type } from 'typebox';
import type { ChannelKind } from './channel.ts';
import { log } from './log/log.ts';

/** The channels that there are: the only list of them. A new one is a folder and a line here. */
export const channelCatalog = [log] as const satisfies readonly ChannelKind[];

/** Names that callers may use before there is such a channel; what goes there is skipped, and says so. */
const announced = [
  'whatsapp',
  'telegram',
  'discord',
  'slack',
  'mattermost',
  'signal',
  'imessage',
  'msteams',
  'webhook',
] as const;

export type ChannelName = (typeof announced)[number] | (typeof channelCatalog)[number]['name'];

/** What a config or a caller may name as a channel. */
export const channelNames: readonly ChannelName[] = [
  ...new Set([...announced, ...channelCatalog.map(({ name }) => name)]),
];

/** Other names that callers use for a channel. */
export const otherNames: ReadonlyMap<unknown, ChannelName> = new Map([
  ['imsg', 'imessage'],
  ['teams', 'msteams'],
]);

/** Where `last` goes while neither main's deliveries nor `channels.owner` say: if it is configured. */
export const lastResort: ChannelName = 'whatsapp';

/** `channels.<name>` of each channel that has settings. */
export function channelSettings(kinds: readonly ChannelKind[] = channelCatalog): Record<string, TSchema> {
  return Object.fromEntries(
    kinds.flatMap(({ name, settings }) => (settings === undefined ? [] : [[name, Type.Optional(settings)]])),
  );
}

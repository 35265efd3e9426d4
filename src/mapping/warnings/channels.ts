import { lastResort } from '../../channels/catalog.ts';
import { toPointer } from '../../schema/problem.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';
import { type Around, linesOf, type WholeRule, writtenAt } from './warning.ts';

/** A channel that replies are to go through and that is not there. */
export interface MissingChannel {
  /** `owner` where it is not said which: nothing says where replies to `last` go */
  readonly channel: string;
  /** where it is counted on, a line for each */
  readonly lines: readonly string[];
}

/** Channels that the config counts on and that are not there: what goes to them is skipped. */
export function missingChannels(
  rules: readonly WholeRule[],
  { config, channels }: Pick<Around, 'config' | 'channels'>,
  locate: WholeRule['locate'],
): MissingChannel[] {
  const ofRules = rules.flatMap((placed) => {
    const channel = channelOf(placed.rule, config.workflows);
    return channel === undefined
      ? []
      : [{ channel, placed, path: placed.rule.channel === undefined ? '' : '/channel' }];
  });
  const isMissing = ({ channel }: { readonly channel: string }) => channel !== 'last' && !channels.has(channel);
  const messageOf = (channel: string) =>
    `the channel "${channel}" is not there, so what goes to it is skipped; there is ${[...channels].join(', ')}`;
  const found = [
    ...ofRules.filter(isMissing).map(({ channel, placed, path }) => ({
      channel,
      at: writtenAt(placed, { path, message: messageOf(channel) }, { hooks: config.hooks, locate }),
    })),
    ...namedInConfig(config)
      .filter(isMissing)
      .map(({ channel, path }) => ({
        channel,
        at: { problem: { path, message: messageOf(channel) }, locate },
      })),
  ];
  const missing = [...Map.groupBy(found, ({ channel }) => channel)].map(([channel, places]) => ({
    channel,
    lines: linesOf(places.map(({ at }) => at)),
  }));
  const toLast = ofRules.filter(({ channel }) => channel === 'last');
  if (toLast.length === 0 || config.channels.owner || channels.has(lastResort)) return missing;
  const count = `${toLast.length} mapping${toLast.length === 1 ? '' : 's'}`;
  const message = `missing: replies of ${count} go nowhere until main has a route; say where, such as owner: {channel: "log"}, or deliver: false in the mapping`;
  return [...missing, { channel: 'owner', lines: locate([{ path: '/channels/owner', message }]) }];
}

/** The channel that carries the replies of a rule; undefined where it delivers none. */
function channelOf(rule: MappingRule, workflows: Around['config']['workflows']): string | undefined {
  const { action = 'agent', transform, deliver, channel } = rule;
  if (action === 'workflow') {
    const named = rule.workflow === undefined ? undefined : workflows[rule.workflow];
    return (deliver ?? named?.deliver ?? false) ? (channel ?? named?.channel ?? 'last') : undefined;
  }
  return deliver === false || (action === 'wake' && !transform) ? undefined : (channel ?? 'last');
}

/** What the config says outside of mappings. */
function namedInConfig({ channels, workflows, agents }: Around['config']): { path: string; channel: string }[] {
  const { heartbeat } = agents.defaults;
  const target = heartbeat.target === 'none' ? [] : [heartbeat.target];
  return [
    ...(channels.owner ? [{ path: '/channels/owner/channel', channel: channels.owner.channel }] : []),
    ...target.map((channel) => ({ path: '/agents/defaults/heartbeat/target', channel })),
    ...Object.entries(workflows).flatMap(([id, { channel, deliver = false }]) =>
      channel === undefined || !deliver ? [] : [{ path: toPointer(['workflows', id, 'channel']), channel }],
    ),
  ];
}

import { type Problem, toPointer } from '../../config/problem.ts';
import type { MappingRule } from '../../domain/mapping.ts';
import type { Around, WholeRule } from './warning.ts';

/** A channel that replies are to go through and that is not there. */
export interface MissingChannel {
  /** `owner` where it is not said which: nothing says where replies to `last` go */
  readonly channel: string;
  /** where it is counted on, a line for each */
  readonly lines: readonly string[];
}

/** Where replies go, as it was written. */
interface Named {
  readonly path: string;
  readonly channel: string;
  readonly locate: WholeRule['locate'];
}

/** Channels that the config counts on and that are not there: what goes to them is skipped. */
export function missingChannels(
  rules: readonly WholeRule[],
  { config, channels }: Pick<Around, 'config' | 'channels'>,
  locate: WholeRule['locate'],
): MissingChannel[] {
  const ofRules = rules.flatMap(({ rule, at, locate }) => {
    const channel = channelOf(rule, config.workflows);
    return channel === undefined ? [] : [{ path: rule.channel === undefined ? at : `${at}/channel`, channel, locate }];
  });
  const named = [...ofRules, ...namedInConfig(config).map((one) => ({ ...one, locate }))];
  const missing = Map.groupBy(
    named.filter(({ channel }) => channel !== 'last' && !channels.has(channel)),
    ({ channel }) => channel,
  );
  const known = [...channels].join(', ');
  const lines = [...missing].map(([channel, places]) => ({
    channel,
    lines: linesOf(places, `the channel "${channel}" is not there, so what goes to it is skipped; there is ${known}`),
  }));
  const toLast = ofRules.filter(({ channel }) => channel === 'last');
  if (toLast.length === 0 || config.channels.owner || channels.has('whatsapp')) return lines;
  const count = `${toLast.length} mapping${toLast.length === 1 ? '' : 's'}`;
  const message = `missing: replies of ${count} go nowhere until main has a route; say where, such as owner: {channel: "log"}, or deliver: false in the mapping`;
  return [...lines, { channel: 'owner', lines: locate([{ path: '/channels/owner', message }]) }];
}

function linesOf(places: readonly Named[], message: string): string[] {
  return [...Map.groupBy(places, ({ locate }) => locate)].flatMap(([locate, inFile]) =>
    locate(inFile.map(({ path }): Problem => ({ path, message }))),
  );
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
function namedInConfig({ channels, workflows, agents }: Around['config']): Omit<Named, 'locate'>[] {
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

/** Replies that go to the log at a level that it does not show. */
export function hiddenReplies({ config }: Pick<Around, 'config'>): Problem[] {
  const { channels, log } = config;
  if (channels.owner?.channel !== 'log' || ['info', 'debug', 'trace'].includes(log.level)) return [];
  const message = `"${log.level}" hides the replies that the channel log writes at level info`;
  return [{ path: '/log/level', message, see: '/channels/owner/channel' }];
}

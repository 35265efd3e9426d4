import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../domain/errors.ts';
import { channelCatalog } from './catalog.ts';
import type { Channel, ChannelDeps, ChannelKind } from './channel.ts';

/** So long may channels take to close, in ms: one that hangs must not hold a stop. */
const closeMs = 5000;

/** The channels that can send. */
export interface Channels {
  /** by name */
  readonly all: ReadonlyMap<string, ReadyChannel>;
  get(name: string): Channel | undefined;
  /** What is wrong with the form of a recipient; undefined where nothing is, or there is no such channel. */
  checkTo(name: string, to: string): string | undefined;
  /** Closes those that `after` has not taken over; all of them without it. Resolves whatever they do, in 5 s unless told otherwise. */
  close(options?: { readonly after?: Channels; readonly withinMs?: number }): Promise<void>;
}

interface ReadyChannel {
  readonly kind: ChannelKind;
  /** those that it was made with */
  readonly settings: unknown;
  readonly channel: Channel;
}

/**
 * Makes the channels that the config has.
 * @param settings `channels` of the config
 * @param before those that these will replace: channels of the same settings are taken over
 */
export function createChannels(
  settings: Readonly<Record<string, unknown>>,
  deps: ChannelDeps,
  before?: Channels,
  kinds: readonly ChannelKind[] = channelCatalog,
): Channels {
  const all = new Map<string, ReadyChannel>();
  for (const kind of kinds) {
    const own = settings[kind.name];
    if (kind.settings !== undefined && own === undefined) continue;
    const same = before?.all.get(kind.name);
    const isSame = same !== undefined && isDeepStrictEqual(same.settings, own);
    all.set(kind.name, isSame ? same : { kind, settings: own, channel: kind.create(own as never, deps) });
  }
  return {
    all,
    get: (name) => all.get(name)?.channel,
    checkTo: (name, to) => all.get(name)?.kind.checkTo(to),
    async close({ after, withinMs = closeMs } = {}) {
      const left = [...all].filter(([name, { channel }]) => after?.get(name) !== channel);
      await closeAll(left, withinMs, deps);
    },
  };
}

/** One that throws or hangs keeps neither the others nor the caller. */
async function closeAll(
  left: readonly [string, ReadyChannel][],
  withinMs: number,
  { log }: ChannelDeps,
): Promise<void> {
  const over = new AbortController();
  const open = new Set(left.map(([name]) => name));
  const closing = left.map(async ([name, { channel }]) => {
    try {
      await channel.close?.();
    } catch (error) {
      log.warn({ channel: name }, `the channel ${name} does not close as it should: ${messageOf(error)}`);
    }
    open.delete(name);
  });
  await Promise.race([Promise.all(closing), wait(withinMs, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
  for (const name of open) log.warn({ channel: name }, `the channel ${name} does not close, and is left`);
}

import { lastResort } from './catalog.ts';
import type { Channels } from './channels.ts';

/** Where a reply goes. Without `to` it goes to the channel's own default recipient. */
export interface Route {
  readonly channel: string;
  readonly to?: string | undefined;
}

export interface KnownRoutes {
  /** the route of main's own latest delivery; never one that a payload named */
  readonly lastOfMain?: Route | undefined;
  /** `channels.owner` */
  readonly owner?: Route | undefined;
  /** those that can send */
  readonly channels: Pick<Channels, 'get' | 'checkTo'>;
}

/** Settles an action's `channel` and `to`, or says why nothing can be sent. A channel that is named is never replaced by another. */
export function route(request: Route, known: KnownRoutes): Route | { readonly skipped: string } {
  const found = request.channel === 'last' ? last(known) : { channel: request.channel };
  if (!found) return { skipped: 'no channel configured' };
  if (!known.channels.get(found.channel)) return { skipped: `channel "${found.channel}" is not configured` };
  const to = request.to ?? found.to;
  const wrong = to === undefined ? undefined : known.channels.checkTo(found.channel, to);
  if (wrong !== undefined) return { skipped: `no recipient of the channel "${found.channel}": ${wrong}` };
  return { channel: found.channel, ...(to === undefined ? {} : { to }) };
}

/** A channel that main last used but that has been removed from the config must not keep the owner from being reached. */
function last({ lastOfMain, owner, channels }: KnownRoutes): Route | undefined {
  if (lastOfMain && channels.get(lastOfMain.channel)) return lastOfMain;
  return owner ?? (channels.get(lastResort) ? { channel: lastResort } : undefined);
}

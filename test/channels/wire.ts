import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Static, Type } from 'typebox';
import type { Channel, ChannelKind } from '../../src/channels/channel.ts';
import { DeliveryError } from '../../src/channels/delivery-error.ts';
import type { Rig, Subject } from './conformance.ts';

const settings = Type.Object({ url: Type.String() }, { additionalProperties: false });

/** A channel as most are: one POST to a messenger. */
export const wire = {
  name: 'wire',
  settings,
  create: ({ url }: Static<typeof settings>): Channel => ({
    async send({ to, text }, { signal }) {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify({ to, text }), signal });
      const answer = await response.text();
      if (response.ok) return { messageId: answer };
      const retryAfterMs = Number(response.headers.get('retry-after')) * 1000;
      if (response.status === 429) {
        throw new DeliveryError('too many messages at once', { retryable: true, retryAfterMs, said: answer });
      }
      throw new DeliveryError('the key was refused: see channels.wire', { retryable: false, said: answer });
    },
  }),
  checkTo: (to: string) => (to.startsWith('@') ? undefined : 'expected a name that begins with @'),
} as const satisfies ChannelKind;

/**
 * A channel on a messenger of its own on this machine.
 * @param change makes another channel of it, perhaps a broken one
 */
export function wireSubject(
  change: (channel: Channel) => Channel = (channel) => channel,
  kind: ChannelKind = wire,
): Subject {
  return { kind, can: ['hang', 'refuse'], goodTo: '@me', badTo: ['me', ''], open: () => openRig(change) };
}

async function openRig(change: (channel: Channel) => Channel): Promise<Rig> {
  const arrived: { to: string; text: string }[] = [];
  let next: ((response: http.ServerResponse, body: string) => void) | undefined;
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const own = next;
    next = undefined;
    if (own) return own(response, body);
    arrived.push(JSON.parse(body));
    response.end(`id-${arrived.length}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const channel = change(wire.create({ url: `http://127.0.0.1:${port}` }));
  return {
    channel,
    arrived: () => arrived,
    hang: () =>
      new Promise((resolve) => {
        next = () => resolve();
      }),
    refuse(how) {
      next = (response, body) => {
        if (how === 'for ever') response.writeHead(401).end(`no: ${body}`);
        else response.writeHead(429, { 'Retry-After': `${how}` }).end(`later: ${body}`);
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

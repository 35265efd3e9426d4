import { describe, expect, it } from '@jest/globals';
import type { Channel, ChannelKind, Message, Sending } from '../../src/channels/channel.ts';
import { DeliveryError } from '../../src/channels/delivery-error.ts';

/** A messenger, and a channel to it. */
export interface Rig {
  readonly channel: Channel;
  /** what has reached the messenger, oldest first */
  arrived(): readonly { readonly to: string | undefined; readonly text: string }[];
  /** Where the messenger can: it takes what comes next and does not answer. Resolves when it has something. */
  hang?(): Promise<void>;
  /** Where the messenger can: it refuses what comes next, for ever or for so many seconds. */
  refuse?(how: 'for ever' | number): void;
  close(): Promise<void>;
}

export interface Subject {
  readonly kind: ChannelKind;
  /** what its messenger can do; nothing for one that is not asked over a wire */
  readonly can: readonly ('hang' | 'refuse')[];
  readonly goodTo: string;
  /** recipients of a wrong form; none where everything is one */
  readonly badTo: readonly string[];
  open(): Promise<Rig>;
}

interface Case {
  readonly title: string;
  /** what the messenger must be able to do */
  readonly needs?: 'hang' | 'refuse';
  readonly check: (rig: Rig, subject: Subject) => Promise<void>;
}

const text = 'The cellar is under water.';

const usual = (signal = new AbortController().signal): Sending => ({ deliveryId: 'd1', attempt: 1, signal });
const message = ({ goodTo }: Subject, more: Partial<Message> = {}): Message => ({
  to: goodTo,
  text,
  runId: 'r1',
  ...more,
});

/** What it was rejected with; fails where it was not, or is still open when nothing else is left to happen. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const open = Symbol('open');
  let ended: unknown = open;
  promise.then(
    () => (ended = undefined),
    (error) => (ended = error),
  );
  for (let turn = 0; turn < 1000 && ended === open; turn += 1) await new Promise(setImmediate);
  if (ended === open) throw new Error('the send is still under way');
  if (ended === undefined) throw new Error('the send said that it went well');
  return ended;
}

const cases: readonly Case[] = [
  {
    title: 'has sent a message, once and whole, when it says so',
    async check({ channel, arrived }, subject) {
      await channel.send(message(subject), usual());
      expect(arrived()).toEqual([{ to: subject.goodTo, text }]);
    },
  },
  {
    title: 'gives of what was sent an id that says something, or none',
    async check({ channel }, subject) {
      const { messageId, maybeTwice, ...more } = await channel.send(message(subject), usual());
      expect(messageId === undefined || /\S/.test(messageId)).toBe(true);
      expect(['boolean', 'undefined']).toContain(typeof maybeTwice);
      expect(more).toEqual({});
    },
  },
  {
    title: 'keeps messages apart that are sent at once',
    async check({ channel, arrived }, subject) {
      const texts = ['one', 'two', 'three'];
      await Promise.all(texts.map((text) => channel.send(message(subject, { text }), usual())));
      expect(
        arrived()
          .map(({ text }) => text)
          .sort(),
      ).toEqual([...texts].sort());
    },
  },
  {
    title: 'sends nothing once its signal has aborted, and gives the reason',
    async check({ channel, arrived }, subject) {
      const reason = new Error('the gateway is stopping');
      const sending = channel.send(message(subject), usual(AbortSignal.abort(reason)));
      expect(await rejection(sending)).toBe(reason);
      expect(arrived()).toEqual([]);
    },
  },
  {
    title: 'breaks off when its signal aborts, and gives the reason',
    needs: 'hang',
    async check({ channel, hang }, subject) {
      const [reason, controller] = [new Error('the gateway is stopping'), new AbortController()];
      const hanging = hang?.();
      const sending = channel.send(message(subject), usual(controller.signal));
      sending.catch(() => {});
      await hanging;
      controller.abort(reason);
      expect(await rejection(sending)).toBe(reason);
    },
  },
  {
    title: 'says of what time cannot mend that it is so, and what would mend it',
    needs: 'refuse',
    async check({ channel, refuse }, subject) {
      refuse?.('for ever');
      const error = await channel.send(message(subject), usual()).catch((error) => error);
      expect(error).toBeInstanceOf(DeliveryError);
      expect(error).toMatchObject({ retryable: false, mayHaveCome: false });
      expect(error.message).toContain(`channels.${subject.kind.name}`);
    },
  },
  {
    title: 'says of what time can mend how long the messenger asked to wait',
    needs: 'refuse',
    async check({ channel, refuse }, subject) {
      refuse?.(7);
      const error = await channel.send(message(subject), usual()).catch((error) => error);
      expect(error).toBeInstanceOf(DeliveryError);
      expect(error).toMatchObject({ retryable: true, retryAfterMs: 7000, mayHaveCome: false });
    },
  },
  {
    title: 'repeats nothing of a message in its own words about it',
    needs: 'refuse',
    async check({ channel, refuse }, subject) {
      for (const how of ['for ever', 7] as const) {
        refuse?.(how);
        const error = await channel.send(message(subject), usual()).catch((error) => error);
        expect(error.message).not.toContain(text);
      }
    },
  },
  {
    title: 'sends again after a refusal',
    needs: 'refuse',
    async check({ channel, refuse, arrived }, subject) {
      refuse?.(7);
      await channel.send(message(subject), usual()).catch(() => {});
      await channel.send(message(subject), { ...usual(), attempt: 2 });
      expect(arrived()).toEqual([{ to: subject.goodTo, text }]);
    },
  },
  {
    title: 'closes, before and after it has sent, and twice as once',
    async check({ channel }, subject) {
      await channel.send(message(subject), usual());
      await channel.close?.();
      await channel.close?.();
    },
  },
  {
    title: 'knows a recipient by its form',
    async check(_rig, { kind, goodTo, badTo }) {
      expect(kind.checkTo(goodTo)).toBeUndefined();
      for (const to of badTo) expect([to, kind.checkTo(to)]).toEqual([to, expect.stringMatching(/\w+ \w+/)]);
    },
  },
];

function casesOf({ can }: Subject): readonly Case[] {
  return cases.filter(({ needs }) => needs === undefined || can.includes(needs));
}

async function run({ check }: Case, subject: Subject): Promise<void> {
  const rig = await subject.open();
  try {
    await check(rig, subject);
  } finally {
    await rig.close();
  }
}

/** What every channel must do. One that is asked over a wire is to be given a messenger that can hang and refuse. */
export function channelConformance(subject: Subject): void {
  describe(`the channel ${subject.kind.name}`, () => {
    it.each(casesOf(subject))('$title', (one) => run(one, subject));
  });
}

/** The titles of what a channel does not do. */
export async function shortcomings(subject: Subject): Promise<string[]> {
  const found: string[] = [];
  for (const one of casesOf(subject)) await run(one, subject).catch(() => found.push(one.title));
  return found;
}

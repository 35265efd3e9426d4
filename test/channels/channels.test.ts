import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Type } from 'typebox';
import type { Channel } from '../../src/channels/channel.ts';
import { createChannels } from '../../src/channels/channels.ts';

const lines: string[] = [];
const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });

/** A kind of channel whose closing is noted, or done by `close`. */
function kindOf(name: string, close?: () => Promise<void>) {
  const closed: unknown[] = [];
  const create = (settings: unknown): Channel => ({
    send: async () => ({}),
    close: close ?? (async () => void closed.push(settings)),
  });
  return { kind: { name, settings: Type.Unknown(), create, checkTo: () => undefined }, closed };
}

it('the channels that there are are those of the catalogue that have settings or need none', () => {
  const [one, other] = [kindOf('one'), kindOf('other')];
  const free = { ...kindOf('free').kind, settings: undefined };
  const channels = createChannels({ other: {} }, { log }, undefined, [one.kind, other.kind, free]);
  expect([...channels.all.keys()]).toEqual(['other', 'free']);
  expect(channels.get('one')).toBeUndefined();
});

it('a reload takes over the channels whose settings are the same, and closes the others', async () => {
  const kinds = ['same', 'changed', 'gone', 'new'].map((name) => kindOf(name));
  const make = (settings: Record<string, unknown>, before?: ReturnType<typeof createChannels>) =>
    createChannels(
      settings,
      { log },
      before,
      kinds.map(({ kind }) => kind),
    );
  const before = make({ same: { key: 1 }, changed: { key: 1 }, gone: { key: 1 } });
  const after = make({ same: { key: 1 }, changed: { key: 2 }, new: { key: 1 } }, before);
  expect(after.get('same')).toBe(before.get('same'));
  expect(after.get('changed')).not.toBe(before.get('changed'));
  await before.close({ after });
  expect(kinds.map(({ closed }) => closed)).toEqual([[], [{ key: 1 }], [{ key: 1 }], []]);
  await after.close();
  expect(kinds.map(({ closed }) => closed.length)).toEqual([1, 2, 1, 1]);
});

it('a channel that hangs or throws while it closes keeps neither the others nor the stop', async () => {
  const hangs = kindOf('hangs', () => new Promise(() => {}));
  const throws = kindOf('throws', () => Promise.reject(new Error('no')));
  const well = kindOf('well');
  const kinds = [hangs.kind, throws.kind, well.kind];
  const channels = createChannels({ hangs: {}, throws: {}, well: {} }, { log }, undefined, kinds);
  await channels.close({ withinMs: 1 });
  expect(well.closed).toEqual([{}]);
  expect(lines).toEqual([
    'the channel throws does not close as it should: no',
    'the channel hangs does not close, and is left',
  ]);
});

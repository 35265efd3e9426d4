import { describe, expect, it } from '@jest/globals';
import {
  type HookPrompt,
  heartbeatPrompt,
  hookPrompt,
  longestPrompt,
  outsideValues,
} from '../../src/agent/prompt/prompt.ts';
import type { Reference, Text } from '../../src/domain/text/text.ts';
import { parseFenced } from '../support/fenced-prompt.ts';
import { saturday } from '../support/prompts.ts';

const reference = (path: string, value: unknown): Reference => ({ path, value });
const said = (...values: [string, unknown][]): Text => [
  'Look at ',
  ...values.map(([path, value]) => reference(path, value)),
];

function prompt(message: Text, more: Partial<HookPrompt> = {}) {
  const policy = { allowUnsafeExternalContent: false };
  return hookPrompt({ hook: 'x', policy, action: { message }, resolve: () => undefined, time: saturday, ...more });
}

describe('a prompt that would be too long', () => {
  it('has the longest values cut, with a mark inside their strings, and the small ones whole', () => {
    const message = said(['small', 'whole'], ['long', 'x'.repeat(700_000)], ['longer', '<'.repeat(900_000)]);
    const { text, isCut } = prompt(message);
    expect(isCut).toBe(true);
    expect(text.length).toBeLessThan(longestPrompt);
    const data = new Map(parseFenced(text).data);
    expect(data.get('small')).toBe('whole');
    expect(data.get('long')).toMatch(/^x{100000,} … \[\d{3},\d{3} characters left out\]$/);
    const [, left = '', count = ''] = /^(<+) … \[([\d,]+) characters left out\]$/.exec(data.get('longer') ?? '') ?? [];
    expect(left.length + Number(count.replace(/,/g, ''))).toBe(900_000);
  });

  it('has lists cut between their elements, and says how many are missing', () => {
    const commits = Array.from({ length: 2000 }, (_, at) => ({ id: at, message: `a, "b" [${'m'.repeat(600)}]` }));
    const { text } = prompt(said(['commits', commits]));
    const [, shown = '', missing = ''] =
      /^(.*) … \[([\d,]+) more of 2,000 elements left out\]$/.exec(parseFenced(text).data[0]?.[1] ?? '') ?? [];
    const kept = JSON.parse(`${shown}]`) as unknown[];
    expect(kept).toEqual(commits.slice(0, kept.length));
    expect(kept.length + Number(missing.replace(',', ''))).toBe(2000);
    expect(text.length).toBeLessThan(longestPrompt);
    expect(text.length).toBeGreaterThan(longestPrompt / 2);
  });

  it('has 2,000 lines at most, and one that tells how many are missing', () => {
    const { text } = prompt(said(...Array.from({ length: 6000 }, (_, at): [string, string] => [`v${at}`, 'x'])));
    const { data } = parseFenced(text);
    expect(data).toHaveLength(2001);
    expect(data.at(-1)).toEqual(['left out', '4,000 more values']);
  });

  it.each([2000, 5000, 20_000])('fits into %d characters, whatever is in it, and stays in its fence', (limit) => {
    const values: [string, unknown][][] = [
      [['a', 'x'.repeat(50_000)]],
      [['a', '\u0000\\"'.repeat(50_000)]],
      [
        ['a', '😀'.repeat(50_000)],
        ['b', ['[', '"'.repeat(50_000)]],
      ],
      [
        ['a', `[${'"'.repeat(50_001)}]`],
        ['b', '1'],
      ],
      Array.from({ length: 500 }, (_, at): [string, string] => [`v${at}`, 'y'.repeat(at)]),
    ];
    for (const some of values) {
      const { text } = prompt(said(...some), { limit });
      expect(text.length).toBeLessThan(limit + 2000);
      const { data } = parseFenced(text);
      expect(
        outsideValues([{ message: said(...some), resolve: () => undefined }], limit).map((line) => line.text),
      ).toEqual(data.map(([, value]) => value));
    }
  });

  it('is bounded also where the source is trusted, and keeps the words of the owner', () => {
    const policy = { allowUnsafeExternalContent: true };
    const { text, isCut } = prompt([...said(['small', 'whole '], ['long', 'x'.repeat(900_000)]), ' now'], { policy });
    expect(isCut).toBe(true);
    expect(text).toMatch(/TASK\nLook at whole x+ … \[\d{3},\d{3} characters left out\] now\n\nIt is/);
    expect(text.length).toBeLessThan(longestPrompt);
  });

  it('is bounded where it is a heartbeat’s', () => {
    const lines = [
      { label: 'inbox[0]', text: 'x'.repeat(900_000) },
      { label: 'inbox[1]', text: 'short' },
    ];
    const { text, isCut } = heartbeatPrompt({ instructions: undefined, checklist: null, lines, time: saturday });
    expect(isCut).toBe(true);
    expect(text.length).toBeLessThan(longestPrompt);
    expect(parseFenced(text).data[1]).toEqual(['inbox[1]', 'short']);
  });
});

describe('the time in a prompt', () => {
  const last = (text: string) => text.split('\n').at(-1);
  const at = (ago: number, more: Partial<HookPrompt> = {}) =>
    last(prompt(['x'], { time: { ...saturday, receivedAt: saturday.now - ago }, ...more }).text);
  const now = 'It is Saturday, 2026-11-28 14:35 in Europe/Oslo (UTC+01:00).';

  it('is the owner’s, in the last line, behind what repeats', () => {
    expect(at(0)).toBe(now);
    const { text, cacheable } = prompt(said(['a', 'b']));
    expect(text.slice(0, cacheable)).toMatch(/^\[webhook:x\]\nAn event [\s\S]*\n\nTASK\nLook at \{\{a\}\}\n\n$/u);
    expect(last(prompt(['x'], { time: { ...saturday, timezone: 'UTC' } }).text)).toBe(
      'It is Saturday, 2026-11-28 13:35 in UTC (UTC+00:00).',
    );
    expect(last(prompt(['x'], { time: { ...saturday, timezone: 'local' } }).text)).toMatch(
      /^It is \w+, [\d-]+ [\d:]+ in \S+ \(UTC/,
    );
  });

  it('says how old an event is that came in more than two minutes ago', () => {
    expect(at(119_000)).toBe(now);
    expect(at(5 * 60_000)).toBe(`${now} The event came in 5 minutes ago, at 2026-11-28 14:30.`);
    expect(at(3 * 3_600_000)).toBe(`${now} The event came in 3 hours ago, at 2026-11-28 11:35.`);
    const joined = [{ message: ['y'], resolve: () => undefined }];
    expect(at(50 * 3_600_000, { joined })).toBe(`${now} The first event came in 2 days ago, at 2026-11-26 12:35.`);
  });
});

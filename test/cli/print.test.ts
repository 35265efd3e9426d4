import { expect, it } from '@jest/globals';
import { printable, record, table } from '../../src/cli/print.ts';

const bidi = 'ab\u202ecd\u2066ef\u200b';

it('what came from outside cannot turn or hide a text on the terminal, in a table, a record or a line', () => {
  for (const shown of [printable(bidi), table(['A'], [[bidi]]), record({ a: bidi }), record({ a: [bidi] })]) {
    expect(shown).toContain('abcdef');
    expect(shown).not.toMatch(/\p{Cf}/u);
  }
});

it('a cell is cut between characters, never in the middle of one', () => {
  const [, cell = ''] = table(['A'], [['😀'.repeat(80)]]).split('\n');
  expect(cell).toBe(`${'😀'.repeat(59)}…`);
});

import { describe, expect, it } from '@jest/globals';
import { made, readOrSay, run, tellApart } from '../../soak/values.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('the soak of values', () => {
  it('finds nothing in its first round', async () => {
    const results = await run({ dir: tempDir(), minutes: 0, scale: 1, note: () => {} });
    expect(results).toEqual([expect.objectContaining({ row: 'values', met: true, figures: { pairs: 2000 } })]);
  });

  it('fails where two events have one key', () => {
    expect(() => tellApart(['{"a":1,"b":2}', '{"b":2,"a":1}'])).toThrow(/^one dedupeKey for/);
  });

  it('looks at what a rule makes of an event', () => {
    const { dedupeKey, sessionKey, prompt } = made('{"a":8202522731445525542,"b":"x"}');
    expect([dedupeKey, sessionKey]).toEqual(['["k-",[8202522731445525542],"-",["x"]]', 'k-8202522731445525542-x']);
    expect(prompt).toContain('a: "8202522731445525542"');
  });

  it('takes texts that are right', () => {
    expect(() => readOrSay(['shift_jis', Buffer.from([0x83, 0x65])])).not.toThrow();
  });
});

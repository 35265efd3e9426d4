import { describe, expect, it } from '@jest/globals';
import type { PastTurn } from '../../../src/agent/agent.ts';
import { fitHistory } from '../../../src/agent/history/fit-history.ts';
import { shortenMiddle, shortenPrompt } from '../../../src/agent/prompt/shorten.ts';

const past = (prompt: string, outputText = 'ok', more: Partial<PastTurn> = {}): PastTurn => ({
  prompt,
  reply: [{ role: 'assistant', content: outputText }],
  model: 'anthropic/m',
  outputText,
  ...more,
});
const sizeOf = (turns: readonly PastTurn[]) =>
  turns.reduce((sum, { prompt, reply, outputText }) => {
    return sum + prompt.length + (reply.length > 0 ? JSON.stringify(reply).length : outputText.length);
  }, 0);

describe('a text that is shortened', () => {
  it('stays as it is where it fits, and else loses its middle, with a mark that counts what is missing', () => {
    expect(shortenMiddle('abcdef', 6)).toBe('abcdef');
    expect(shortenMiddle('abcdef', 4)).toBe('ab … [2 characters left out] … ef');
    expect(shortenMiddle('x'.repeat(12_345), 45)).toContain('[12,300 characters left out]');
    expect(shortenMiddle('abcdef', 4, 10)).toBe('ab … [12 characters left out] … ef');
    expect(shortenMiddle('abc', 0)).toBe(' … [3 characters left out] … ');
  });

  it('never has half a character', () => {
    for (let limit = 0; limit < 20; limit += 1) {
      expect(shortenMiddle('😀'.repeat(10), limit).isWellFormed()).toBe(true);
      expect(shortenMiddle(`a${'😀'.repeat(10)}`, limit).isWellFormed()).toBe(true);
    }
  });

  it('as a prompt never shows a value outside its fence', () => {
    const id = '0'.repeat(32);
    const value = 'VALUE'.repeat(2000);
    for (const [task, after] of [
      ['t', 'r'],
      ['t'.repeat(3000), 'r'],
      ['t', 'r'.repeat(3000)],
    ]) {
      const prompt = `${task}\n<data id="${id}">\na: "${value}"\n</data id="${id}">\n${after}`;
      for (const limit of [0, 10, 100, 1000, 5000, 9000]) {
        const short = shortenPrompt(prompt, limit);
        const inside = short.replace(/^<data id="0+">\n[\s\S]*\n<\/data id="0+">$/m, '');
        expect(inside).not.toContain('VALUE');
        expect(inside).not.toContain('data id');
        expect(short.length).toBeLessThan(limit + 100);
      }
    }
  });
});

describe('a history', () => {
  it('stays as it is where it fits', () => {
    const history = [past('a'), past('b')];
    expect(fitHistory(history, 1000)).toEqual({ turns: history, shortened: 0, leftOut: 0 });
    expect(fitHistory([], 0)).toEqual({ turns: [], shortened: 0, leftOut: 0 });
  });

  it('has a large turn shortened, and what was said before it whole', () => {
    const large = past(`begin ${'x'.repeat(120_000)} end`);
    const { turns, shortened, leftOut } = fitHistory([past('MY NAME IS ADA'), large, past('b')], 100_000);
    expect([turns[0], turns[2]]).toEqual([past('MY NAME IS ADA'), past('b')]);
    expect(turns[1]).toMatchObject({ reply: [], outputText: 'ok' });
    expect(turns[1]?.prompt).toMatch(/^begin x+ … \[\d\d,\d{3} characters left out\] … x+ end$/);
    expect({ shortened, leftOut }).toEqual({ shortened: 1, leftOut: 0 });
  });

  it('keeps the newest of several large turns whole where it leaves a quarter to the older ones', () => {
    const history = ['a', 'b', 'c'].map((letter) => past(letter.repeat(60_000)));
    const { turns } = fitHistory(history, 100_000);
    expect(turns[2]).toBe(history[2]);
    expect(turns.map(({ prompt }) => prompt[0])).toEqual(['a', 'b', 'c']);
    expect(sizeOf(turns)).toBeLessThanOrEqual(100_000);
  });

  it('loses small turns from the oldest on, and never has more than 200', () => {
    const history = Array.from({ length: 300 }, (_, at) => past(`${at}`.padEnd(1000, '.')));
    const { turns, shortened, leftOut } = fitHistory(history, 100_000);
    expect(turns).toEqual(history.slice(leftOut));
    expect({ shortened, kept: turns.length > 90 }).toEqual({ shortened: 0, kept: true });
    expect(fitHistory(history, 1e9).turns).toEqual(history.slice(100));
  });

  it('counts what was left out before, and shows a turn without its tools where only they were too large', () => {
    const large = past('h'.repeat(12_500) + 't'.repeat(12_500), 'said', {
      reply: [],
      leftOut: { prompt: 1000, outputText: 0 },
    });
    const tools = past('look it up', 'found', { reply: [], leftOut: { prompt: 0, outputText: 0 } });
    const { turns, shortened } = fitHistory([large, tools], 100_000);
    expect(turns[1]).toBe(tools);
    const [, count = ''] = /^h+ … \[([\d,]+) characters left out\] … t+$/.exec(turns[0]?.prompt ?? '') ?? [];
    const kept = (turns[0]?.prompt.match(/[ht](?=[ht ]|$)/g) ?? []).length;
    expect(Number(count.replace(',', ''))).toBeGreaterThan(1000);
    expect(kept).toBeGreaterThan(20_000);
    expect(shortened).toBe(2);
  });

  it('never is larger than its budget, whatever is in it', () => {
    for (let seed = 1; seed < 200; seed += 1) {
      const size = (at: number) => Math.floor(10 ** (((seed * (at + 7) * 31) % 53) / 10));
      const history = Array.from({ length: seed % 30 }, (_, at) =>
        past('p'.repeat(size(at)), 'o'.repeat(size(at + 3))),
      );
      for (const budget of [0, 500, 5000, 100_000]) {
        const { turns } = fitHistory(history, budget);
        expect(sizeOf(turns)).toBeLessThanOrEqual(budget);
      }
    }
  });
});

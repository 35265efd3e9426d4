import { describe, expect, it } from '@jest/globals';
import type { TransformLine } from '../../../src/mapping/transform/call.ts';
import { createTransformLog, mostLinesAMinute } from '../../../src/mapping/transform/log.ts';
import { eventually } from '../../support/eventually.ts';
import { transformFolders } from '../transform-folders.ts';

const folders = transformFolders();

async function linesOf(body: string, last: string): Promise<readonly TransformLine[]> {
  const lines: TransformLine[] = [];
  const source = `export default async (ctx) => { ${body}; console.info(${JSON.stringify(last)}); return {}; };`;
  const { transforms, run } = folders.make({ 'a.js': source }, { onLine: (line) => lines.push(line) });
  expect(await transforms.check([{ module: 'a.js' }], true)).toEqual([null]);
  expect(await run({ module: 'a.js' })).toEqual({});
  await eventually(() => lines.find(({ text }) => text === last || text.startsWith('only the first')));
  return lines;
}

describe('what a transform writes', () => {
  it('becomes lines of the log with their level and event', async () => {
    const lines = await linesOf(
      `console.log('one %d', 1, { a: 'b' }); console.warn('two'); console.error('three'); console.debug('four');
       console.assert(false, 'five'); console.table([{ x: 1 }]); console.log('two\\nlines');
       process.stdout.write('out'); process.stderr.write(Buffer.from('err\\n'))`,
      'end',
    );
    const about = { transform: 'a.js', eventId: 'evt', hook: 'shop', mapping: 'test' };
    expect(lines.map(({ level, text }) => [level, text.split('\n')[0]])).toEqual([
      ['info', "one 1 { a: 'b' }"],
      ['warn', 'two'],
      ['error', 'three'],
      ['debug', 'four'],
      ['warn', 'Assertion failed: five'],
      ['info', expect.stringContaining('┌')],
      ['info', 'two'],
      ['info', 'out'],
      ['warn', 'err'],
      ['info', 'end'],
    ]);
    expect(lines.map((line) => line.about)).toEqual(lines.map(() => about));
  });

  it('is bounded in length and number, and says what was left out', async () => {
    const lines = await linesOf(
      'console.log("x".repeat(1e6)); for (let i = 0; i < 5000; i++) console.log(i)',
      'never shown',
    );
    await eventually(() => lines.length === 21);
    expect(lines[0]?.text).toBe(`${'x'.repeat(1000)}… (1000000 characters)`);
    expect(lines[19]?.text).toBe('18');
    expect(lines[20]).toMatchObject({
      level: 'warn',
      text: 'only the first 20 lines of a call are shown; the rest is left out',
    });
  });

  it('while its module loads names the module', async () => {
    const lines: TransformLine[] = [];
    const { transforms } = folders.make(
      { 'a.js': 'console.log("loading"); process.emitWarning("old"); export default () => {};' },
      { onLine: (line) => lines.push(line) },
    );
    await transforms.check([{ module: 'a.js' }], true);
    await eventually(() => lines.length === 2);
    const about = { transform: 'a.js' };
    expect(lines).toEqual([
      { level: 'info', text: 'loading', about },
      { level: 'warn', text: expect.stringMatching(/^old \(.*a\.js:1\)$/), about },
    ]);
  });

  it('is no message to the gateway, whatever it looks like', async () => {
    const lines = await linesOf(
      `const { parentPort } = await import('node:worker_threads');
       for (const about of [null, undefined, 1, {}]) parentPort.postMessage({ level: 'info', text: 'x', about });
       for (const message of [null, 'x', { id: 1, threadId: 'x' }]) parentPort.postMessage(message)`,
      'end',
    );
    expect(lines.map(({ text }) => text)).toEqual(['end']);
  });

  it('ends a stream’s callback as a real one does', async () => {
    const lines = await linesOf('process.stdout.write("x", "utf8", () => console.log("written"))', 'end');
    await eventually(() => lines.some(({ text }) => text === 'written'));
  });
});

describe('the log of transforms', () => {
  it('takes so many lines a minute of each module, and says how many it left out', () => {
    let now = 0;
    const shown: string[] = [];
    const note = (level: string) => (fields: { transform: string }, text: string) =>
      void shown.push(`${level} ${fields.transform} ${text}`);
    const log = { info: note('info'), warn: note('warn') } as never;
    const write = createTransformLog(log, () => now);
    const line = (transform: string): TransformLine => ({ level: 'info', text: 'x', about: { transform } });
    for (let count = 0; count < mostLinesAMinute + 10; count += 1) write(line('a.js'));
    expect(shown).toHaveLength(mostLinesAMinute + 1);
    expect(shown.at(-1)).toBe('warn a.js more than 300 lines a minute; the rest of this minute is left out');
    write(line('b.js'));
    expect(shown.at(-1)).toBe('info b.js x');
    now = 60_000;
    write(line('a.js'));
    expect(shown.slice(-2)).toEqual(['warn a.js 10 more lines of the minute before were left out', 'info a.js x']);
  });
});

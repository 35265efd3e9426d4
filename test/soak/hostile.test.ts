import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Result } from '../../bench/row.ts';
import { attacks } from '../../soak/hostile/attacks.ts';
import { run } from '../../soak/hostile.ts';
import { tempDir } from '../support/temp-dir.ts';

/** What holds however fast the machine is; memory, latencies and log lines are for `npm run soak`. */
const untimed = ['stored, events', 'stored, of strangers', 'stored, rows', 'files and sockets', 'afterwards'];

describe('a few strangers for some seconds', () => {
  let results: Result[] = [];
  const find = (row: string) => results.find((result) => result.row === row);

  beforeAll(async () => {
    const soak = { minutes: 5 / 60, scale: 0.01, note: () => {} };
    results = await run({ ...soak, dir: path.join(tempDir(), 'hostile') });
  }, 120_000);

  it.each(untimed)('leave the row "%s" as it has to be', (row) => {
    expect(find(row)).toMatchObject({ row, met: true });
  });

  it.each(['honest, signed', 'honest, token'])('keep no event of the honest out: %s', (row) => {
    const { sent, lost } = find(row)?.figures ?? {};
    expect(sent).toBeGreaterThan(0);
    expect(lost).toBe(0);
  });

  it('each do something', () => {
    for (const { name } of attacks) expect(find(`sent: ${name}`)?.figures.connections).toBeGreaterThan(0);
  });

  it('have their bars in figures', () => {
    const judged = results.filter(({ bar }) => bar !== undefined);
    expect(judged.map(({ row }) => row)).toEqual([
      'memory',
      'memory, afterwards',
      '/healthz',
      'log, one reason',
      'log, all',
      'calls for keys',
      'honest, signed',
      'honest, token',
      ...untimed,
      'stop',
    ]);
    for (const { figures } of judged) expect(Object.keys(figures)).not.toEqual([]);
  });
});

it('names the attacks there are, where one is asked for that is none', async () => {
  const soak = { dir: path.join(tempDir(), 'none'), minutes: 1, scale: 1, note: () => {} };
  await expect(run({ ...soak, parts: ['storm'] })).rejects.toThrow(/no such attack: storm\. There are: twilio-forms, /);
  expect(fs.existsSync(soak.dir)).toBe(false);
});

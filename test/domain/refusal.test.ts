import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { refusalStatus } from '../../src/domain/refusal.ts';

const page = fs.readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
const table = page.slice(page.indexOf('## Status codes'));

it('the page of the API lists exactly the codes that there are', () => {
  const listed = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([\w-]+)`/g)].map(([, code]) => code));
  expect(listed.filter((code) => code !== 'code').toSorted()).toEqual(Object.keys(refusalStatus).toSorted());
});

it('the page names the status of each', () => {
  for (const status of new Set(Object.values(refusalStatus))) expect(table).toContain(String(status));
});

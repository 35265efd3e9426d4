import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { channelCatalog, channelNames, otherNames } from '../../src/channels/catalog.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = (fs.readdirSync(`${root}/src`, { recursive: true }) as string[])
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));

it('each channel of the catalogue has a name of its own, and a folder of that name', () => {
  const names = channelCatalog.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(sources).toContain(`channels/${name}/${name}.ts`);
});

it('the channels that may be named are listed in the catalogue alone', () => {
  // Names of channels that are nothing else besides.
  const own = ['whatsapp', 'telegram', 'mattermost', 'imessage', 'msteams'];
  expect(channelNames).toEqual(expect.arrayContaining(own));
  const naming = sources
    .filter((file) => file !== 'channels/catalog.ts' && !own.some((name) => file.startsWith(`channels/${name}/`)))
    .filter((file) => own.some((name) => fs.readFileSync(`${root}/src/${file}`, 'utf8').includes(`'${name}'`)));
  expect(naming).toEqual([]);
  const docs = fs.readdirSync(`${root}/docs`).filter((file) => file !== 'configuration.md');
  const listing = docs.filter((file) => {
    const text = fs.readFileSync(`${root}/docs/${file}`, 'utf8');
    return own.every((name) => text.includes(name));
  });
  expect(listing).toEqual([]);
});

it('other names of a channel lead to one that may be named', () => {
  for (const [other, name] of otherNames) {
    expect(channelNames).toContain(name);
    expect(channelNames).not.toContain(other);
  }
});

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import JSON5 from 'json5';
import { pino } from 'pino';
import { configSchema } from '../src/config/schema.ts';
import { ConfigError } from '../src/domain/errors.ts';
import { mappingSchema } from '../src/mapping/settings/mapping-schema.ts';
import { hookKeys } from '../src/mapping/settings/settings.ts';
import { loadSettings } from '../src/settings.ts';
import { tempDir } from './support/temp-dir.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const pages = ['README.md', ...fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];

/** The JSON5 that a page shows, with the line of each. */
function snippetsOf(page: string): { at: string; text: string }[] {
  const lines = fs.readFileSync(path.join(root, page), 'utf8').split('\n');
  return lines.flatMap((line, at) => {
    const [, indent] = /^( *)```json5$/.exec(line) ?? [];
    if (indent === undefined) return [];
    const end = lines.indexOf(`${indent}\`\`\``, at);
    return [{ at: `${page}:${at + 1}`, text: lines.slice(at + 1, end).join('\n') }];
  });
}

const agentKeys = Object.keys(configSchema.properties.agents.properties);

/** A config with a snippet where its reader would put it: as the whole, among the mappings, or under `hooks` or `agents`. */
function configWith(text: string): string {
  const isObject = /^\s*\{/.test(text.replace(/^\s*\/\/.*$/gm, ''));
  // Among the mappings, a comma may follow.
  const written = JSON5.parse(isObject ? text.replace(/,\s*$/, '') : `{\n${text}\n}`);
  const keys = Object.keys(written);
  const fits = (known: readonly string[]) => keys.every((key) => known.includes(key));
  if (fits(Object.keys(configSchema.properties))) return isObject ? text : `{\n${text}\n}`;
  if (isObject) return `{ hooks: { enabled: true, token: 't', mappings: [\n${text}\n] } }`;
  if (fits(agentKeys)) return `{ agents: {\n${text}\n} }`;
  if (fits(hookKeys)) return `{ hooks: {\n${text}\n} }`;
  if (fits(Object.keys(mappingSchema.properties))) return configWith(`{ messageTemplate: 'x', ${text} }`);
  throw new Error(`nobody knows where ${keys.join(', ')} should go`);
}

async function load(text: string) {
  const configFile = path.join(tempDir(), 'gimli.json5');
  fs.writeFileSync(configFile, text);
  const env = Object.fromEntries(
    [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => [name ?? '', `a-value-of-${name}`]),
  );
  const usual = { GITHUB_WEBHOOK_SECRET: 'a-secret-of-github', ANTHROPIC_API_KEY: 'sk-ant-x' };
  const settings = await loadSettings(configFile, { ...usual, ...env }, pino({ level: 'silent' }));
  await settings.transforms.close();
  return settings;
}

const snippets = pages.flatMap(snippetsOf);

it('there are such snippets, the first rule of the README among them', () => {
  expect(snippets.length).toBeGreaterThan(20);
  expect(snippets.filter(({ at }) => at.startsWith('README.md'))).toHaveLength(1);
});

/** What a page does not show, and need not: its reader has it. */
const beside = /hooks\.enabled: missing|channels\.owner: missing|has no API key|needs a provider/;

it.each(snippets)('the snippet at $at loads as it stands, and does what it says', async ({ text }) => {
  const settings = await load(configWith(text));
  // Its modules and files are the reader's.
  const { broken, hints } = settings;
  expect(broken.filter(({ problems }) => !problems.some((line) => /transform|presets/.test(line)))).toEqual([]);
  expect(hints.filter((line) => !beside.test(line) && /hooks\.|workflows\./.test(line))).toEqual([]);
});

describe('the first rule of the README', () => {
  const rule = snippets.find(({ at }) => at.startsWith('README.md'))?.text ?? '';
  const config = fs.readFileSync(path.join(root, 'gimli.json5'), 'utf8');

  it('works between the brackets of mappings in the config that "gimli init" writes', async () => {
    for (const place of ['mappings: [\n', "textTemplate: 'Somebody rang at the {{where}}.',\n      // },\n"]) {
      expect(config).toContain(place);
      const { table, broken } = await load(config.replace(place, `${place}${rule}\n`));
      expect(broken).toEqual([]);
      expect(table.candidates('doorbell')[0]).toMatchObject({ origin: 'config', path: 'doorbell' });
    }
  });

  it('is refused with both lines where it is put beside the list, as a list of its own', async () => {
    const list = `mappings: [\n${rule}\n],\n`;
    for (const text of [
      config.replace('    mappings: [\n', `    ${list}    mappings: [\n`),
      config.replace('  hooks: {\n', `  hooks: { ${list} },\n  hooks: {\n`),
    ]) {
      await expect(load(text)).rejects.toThrow(ConfigError);
      await load(text).catch((error: ConfigError) => {
        expect(error.problems).toEqual([
          expect.stringMatching(/gimli\.json5:\d+: hooks(\.mappings)?: written twice \(first in line \d+\)$/),
        ]);
      });
    }
  });

  it('is refused with the line wherever else it is put', async () => {
    for (const place of ['  hooks: {\n', '  gateway: {\n', "presets: ['github', 'gmail'],\n"]) {
      await expect(load(config.replace(place, `${place}${rule}\n`))).rejects.toThrow(/gimli\.json5:\d+: /);
    }
  });
});

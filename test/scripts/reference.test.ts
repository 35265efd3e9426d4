import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import JSON5 from 'json5';
import { configurationPage, editorSchema, withKeysByAction, withSchemes } from '../../scripts/reference.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { actionKinds } from '../../src/domain/mapping-keys.ts';
import { inWords } from '../../src/domain/text/in-words.ts';
import { presetSchema } from '../../src/mapping/settings/mapping-schema.ts';
import { presetOverlay } from '../../src/mapping/settings/preset-name.ts';
import { loadPreset } from '../../src/mapping/sources/preset.ts';
import { presetEnv, secret } from '../presets/rendered.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const examples = readdirSync(join(root, 'config/examples'))
  .filter((name) => name.endsWith('.json5'))
  .map((name) => `config/examples/${name}`);
const configs = ['gimli.json5', ...examples];
const env = {
  GIMLI_HOOK_TOKEN: 'a',
  GIMLI_GATEWAY_TOKEN: 'b',
  CONTRACTS_SECRET: secret,
  SHOPIFY_OLD_SECRET: 'c',
  ...presetEnv,
};

describe('the generated files are fresh; if not, run "npm run generate"', () => {
  it('config/gimli.schema.json', () => {
    expect(JSON.parse(read('config/gimli.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(editorSchema(configSchema))),
    );
  });

  it('docs/configuration.md', () => {
    expect(read('docs/configuration.md')).toBe(configurationPage(configSchema));
  });

  it('the table of keys by action in docs/mappings.md', () => {
    const page = read('docs/mappings.md');
    expect(page).toBe(withKeysByAction(page));
    expect(page).toMatch(/^\| `model` \| {2}\| yes \| yes \|$/m);
  });

  it('the table of the schemes in docs/signatures.md', () => {
    const page = read('docs/signatures.md');
    expect(page).toBe(withSchemes(page));
    expect(page).toMatch(/^\| `twilio` \| `secret`, `url` \| {2}\|$/m);
  });
});

it.each(['docs/configuration.md', 'docs/mappings.md'])('%s names all built-in hooks wherever it names one', (page) => {
  const named = [...read(page).matchAll(/built-in\s(?:hooks )?((?:`\w+`(?:, | and )?)+)/g)].map(([, names]) => names);
  expect(named).not.toEqual([]);
  for (const names of named) expect(names).toBe(inWords(actionKinds, 'and', '`'));
});

it.each([
  ['config', configSchema],
  ['preset', presetSchema],
])('the schema of a %s is a valid JSON Schema', (_name, schema) => {
  expect(new Ajv().validateSchema(schema)).toBe(true);
});

const mapping = (rule: object) => ({ hooks: { mappings: [rule] } });

describe('the schema for editors', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(read('config/gimli.schema.json')),
  );

  it.each(configs)('finds nothing wrong with %s as it is written', (file) => {
    validate(JSON5.parse(read(file)));
    expect(validate.errors).toBeNull();
  });

  it('lets a mapping have the keys of what its transform may make', () => {
    validate(mapping({ action: 'wake', transform: { module: 'a.ts' }, model: 'echo/echo', rate: '1/m' }));
    expect(validate.errors).toBeNull();
  });

  it.each([
    ['an unknown key', { gateway: { prot: 1 } }],
    ['a number in quotes', { gateway: { port: '5' } }],
    ['a bad choice', { log: { level: 'loud' } }],
    ['a bad time', { agents: { defaults: { heartbeat: { every: 'soon' } } } }],
    ['a missing key', { channels: { owner: {} } }],
    ['a key that the action ignores', mapping({ action: 'wake', textTemplate: 'x', model: 'echo/echo' })],
    ['a key that the usual action ignores', mapping({ messageTemplate: 'x', textTemplate: 'x' })],
    [
      'a key that no transform helps',
      mapping({ action: 'wake', transform: { module: 'a.ts' }, continueOnError: true }),
    ],
  ])('finds %s', (_title, config) => {
    expect(validate(config)).toBe(false);
  });
});

it.each(configs)('%s loads, with its presets, and the transforms that it names exist', (file) => {
  const { hooks } = loadConfig(join(root, file), env).config;
  expect(hooks.enabled).toBe(true);
  for (const preset of hooks.presets) {
    const overlay = presetOverlay(hooks, preset);
    expect(loadPreset(preset, { env, overlay, place: (message) => [message] }).name).toBe(preset);
  }
  const modules = hooks.mappings.flatMap(({ transform }) => (transform ? [transform.module] : []));
  for (const module of modules) expect(existsSync(join(hooks.transformsDir, module))).toBe(true);
});

it('every shipped config says by $schema where the schema is', () => {
  for (const file of configs) {
    const { $schema } = JSON5.parse<{ $schema: string }>(read(file));
    expect(join(root, file, '..', $schema)).toBe(join(root, 'config/gimli.schema.json'));
  }
});

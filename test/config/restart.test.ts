import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { changedKeys, needsRestart, restartKeys } from '../../src/config/restart.ts';
import { configSchema } from '../../src/config/schema.ts';
import { inWords } from '../../src/domain/text/in-words.ts';
import { compileSchema } from '../../src/schema/ajv.ts';

const check = compileSchema(configSchema, { defaults: true });

function config(value: unknown) {
  const checked = check(value);
  if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('\n'));
  return checked.value;
}

describe('changed keys', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['nothing', { log: { level: 'info' } }, {}, []],
    ['a value', { hooks: { token: 'a' } }, { hooks: { token: 'b' } }, ['hooks.token']],
    ['a key that came', {}, { gateway: { token: 'a' } }, ['gateway.token']],
    [
      'a mapping and one that came',
      { hooks: { mappings: [{ id: 'a' }] } },
      { hooks: { mappings: [{ id: 'b' }, { id: 'c' }] } },
      ['hooks.mappings[0].id', 'hooks.mappings[1]'],
    ],
    [
      'a name with dots',
      { agents: { defaults: { models: { 'a/b.c': {} } } } },
      { agents: { defaults: { models: {} } } },
      ['agents.defaults.models["a/b.c"]'],
    ],
    [
      'several, of which some need a restart',
      {},
      { gateway: { port: 1, host: 'h' }, store: { url: 'sqlite:x' }, log: { level: 'warn' } },
      ['gateway.port', 'gateway.host', 'store.url', 'log.level'],
    ],
  ])('%s', (_title, before, after, expected) => {
    expect(changedKeys(config(before), config(after)).toSorted()).toEqual(expected.toSorted());
  });

  it('that need a restart are told apart', () => {
    expect(needsRestart(['gateway.port', 'hooks.path', 'store.url'])).toEqual(['gateway.port', 'store.url']);
  });

  it('that need a restart are those that their parts say are read once', () => {
    expect(restartKeys).toEqual(['gateway.host', 'gateway.port', 'gateway.trustProxy', 'specs.port', 'store.url']);
  });

  it('that need a restart are all listed in docs/operating.md', () => {
    const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
    expect(page).toContain(`${inWords(restartKeys, 'and', '`')} need a restart`);
  });
});

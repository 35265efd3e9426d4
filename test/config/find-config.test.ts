import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { findConfig } from '../../src/config/find-config.ts';
import { tempDir } from '../support/temp-dir.ts';

const dir = tempDir();
const home = join(dir, 'home');

it('the config is the one that is named, else the one here, else the one at home', () => {
  const env = { HOME: home, GIMLI_CONFIG: 'env.json5' };
  expect(findConfig('option.json5', env, dir)).toBe(join(dir, 'option.json5'));
  expect(findConfig(undefined, env, dir)).toBe(join(dir, 'env.json5'));

  expect(() => findConfig(undefined, { HOME: home }, dir)).toThrow(
    `no config found at ${dir}/gimli.json5 or ${home}/.gimli/gimli.json5; make one with "gimli init", or name it with --config or GIMLI_CONFIG`,
  );
  mkdirSync(join(home, '.gimli'), { recursive: true });
  writeFileSync(join(home, '.gimli/gimli.json5'), '{}');
  expect(findConfig(undefined, { HOME: home }, dir)).toBe(join(home, '.gimli/gimli.json5'));
  writeFileSync(join(dir, 'gimli.json5'), '{}');
  expect(findConfig(undefined, { HOME: home, GIMLI_CONFIG: '' }, dir)).toBe(join(dir, 'gimli.json5'));
});

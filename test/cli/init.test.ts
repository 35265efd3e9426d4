import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { init } from '../../src/cli/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { loadSettings } from '../../src/settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = tempDir();
const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'init-'));
});
const read = (name: string) => readFileSync(join(dir, name), 'utf8');

it('an empty folder gets a config that loads and random secrets for its owner only', async () => {
  expect(init(dir)).toEqual({ written: ['gimli.json5', '.env'], kept: [] });
  const { loaded, config, table, transforms } = await loadSettings(
    join(dir, 'gimli.json5'),
    {},
    pino({ level: 'silent' }),
  );
  await transforms.close();
  const { hookTokenVariable } = loaded;
  const secrets = [config.hooks.token, config.gateway.token, table.candidates('github')[0]?.verify?.secret];
  for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(secrets).size).toBe(3);
  expect(hookTokenVariable).toEqual({ name: 'GIMLI_HOOK_TOKEN', file: join(dir, '.env') });
  expect(statSync(join(dir, '.env')).mode & 0o777).toBe(0o600);
});

it('the config refers to the schema of the package, from wherever it is', () => {
  init(join(dir, 'new/folder'));
  const { config } = loadConfig(join(dir, 'new/folder/gimli.json5'));
  expect(fileURLToPath(config.$schema ?? '')).toBe(join(packageRoot, 'config/gimli.schema.json'));
});

it('a second time changes nothing', () => {
  init(dir);
  const before = [read('gimli.json5'), read('.env')];
  expect(init(dir)).toEqual({ written: [], kept: ['gimli.json5', '.env'] });
  expect([read('gimli.json5'), read('.env')]).toEqual(before);
});

it('what the owner wrote stays, a secret that .env lacks is added to it, and others can read it no more', () => {
  writeFileSync(join(dir, 'gimli.json5'), '{}');
  writeFileSync(join(dir, '.env'), '# mine\nGIMLI_HOOK_TOKEN=own', { mode: 0o640 });
  expect(init(dir)).toEqual({ written: ['.env'], kept: ['gimli.json5'] });
  expect(read('gimli.json5')).toBe('{}');
  expect(read('.env')).toMatch(
    /^# mine\nGIMLI_HOOK_TOKEN=own\nGIMLI_GATEWAY_TOKEN=[0-9a-f]{64}\nGITHUB_WEBHOOK_SECRET=[0-9a-f]{64}\n$/,
  );
  expect(parseEnv(read('.env'))).toMatchObject({ GIMLI_HOOK_TOKEN: 'own' });
  expect(statSync(join(dir, '.env')).mode & 0o777).toBe(0o600);
});

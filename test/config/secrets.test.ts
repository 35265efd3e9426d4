import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { secretsIn } from '../../src/config/secrets.ts';
import { createMask } from '../../src/domain/text/mask.ts';
import { tempDir } from '../support/temp-dir.ts';

function secretsOf(config: object, dotEnv = '', env: Record<string, string> = {}): string[] {
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  fs.writeFileSync(path.join(dir, '.env'), dotEnv, { mode: 0o600 });
  return secretsIn(loadConfig(path.join(dir, 'gimli.json5'), env));
}

it('whatever a setting calls a token, a key or a secret is one, wherever it stands', () => {
  const found = secretsOf({
    gateway: { token: 'of the gateway' },
    hooks: {
      token: 'of the hooks',
      mappings: [
        {
          match: { path: 'a' },
          verify: { scheme: 'token', header: 'x-a', secrets: ['first', 'second'] },
          messageTemplate: 'x',
        },
        { match: { path: 'b' }, verify: { scheme: 'nonsense', secret: 'of what is left out' }, messageTemplate: 'x' },
      ],
    },
    specs: { port: 0, secret: 'of the specs' },
    agents: {
      providers: { own: { api: 'openai-chat', baseURL: 'http://u:of-the-url@h/v1', apiKey: 'of the provider' } },
    },
  });
  expect(new Set(found)).toEqual(
    new Set([
      'of the gateway',
      'of the hooks',
      'first',
      'second',
      'of what is left out',
      'of the specs',
      'of the provider',
      'of-the-url',
    ]),
  );
});

it('of what is handed to programs and servers, all but what plainly is something else', () => {
  const env = {
    NODE_ENV: 'production',
    HOME: '/home/gimli',
    PORT: '8080',
    TZ: 'Europe/Oslo',
    MODEL: 'anthropic/claude-haiku-5-5',
    URL: 'https://mcp.example/v1',
    HOST: 'db.example.com:5432',
    LANG: 'en_US.UTF-8',
    MAIL: 'me@example.com',
    GIT_AUTHOR_NAME: 'Ada',
    PASSPHRASE: 'correct horse battery',
    ODD: 'x7-Kd9_qq',
    DSN: 'postgres://u:p%40ss-word@db/x',
  };
  const headers = { Authorization: 'Basic dXNlcjpwYXNzd29yZC1vZi1iYXNpYw==', 'X-Other': 'Bearer abc.def-7' };
  const mcpServers = {
    local: {
      command: 'x',
      env,
      args: ['--verbose', 'notes', '--api-key=arg-key-1', '--token', 'words-alone', '/home/gimli/notes'],
    },
    far: { url: 'http://h/mcp', headers },
  };
  expect(new Set(secretsOf({ agents: { mcpServers } }))).toEqual(
    new Set([
      'correct horse battery',
      'x7-Kd9_qq',
      'postgres://u:p%40ss-word@db/x',
      'p%40ss-word',
      'p@ss-word',
      'arg-key-1',
      'words-alone',
      'dXNlcjpwYXNzd29yZC1vZi1iYXNpYw==',
      'password-of-basic',
      'abc.def-7',
    ]),
  );
});

it('variables of .env and those that the config reads from elsewhere are looked at alike', () => {
  const found = secretsOf(
    { agents: { defaults: { model: '${WRONG_PLACE}' } } },
    'API_TOKEN=only-words-here\nTZ=UTC\nWORKSPACE=./notes\n',
    { WRONG_PLACE: 'echo/x Y7-zz-secret', UNREAD_TOKEN: 'of-another-program' },
  );
  expect(found).toEqual(['only-words-here', 'echo/x Y7-zz-secret']);
});

it('of more than a thousand secrets the first thousand are known', () => {
  const mask = createMask(Array.from({ length: 5000 }, (_, at) => `secret-${String(at).padStart(4, '0')}-x`));
  expect(mask('secret-0017-x and secret-4999-x')).toBe('*** and secret-4999-x');
});

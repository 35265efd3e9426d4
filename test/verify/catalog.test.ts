import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import JSON5 from 'json5';
import { valueAt } from '../../src/domain/event.ts';
import { catalog } from '../../src/verify/catalog.ts';
import type { Scheme } from '../../src/verify/scheme.ts';
import { secretsOfVerify } from '../../src/verify/settings.ts';
import { createVerifier } from '../../src/verify/verifiers.ts';
import { signedSchemes } from './signing.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const schemes: readonly Scheme[] = catalog;
const names = schemes.map(({ name }) => name).toSorted();

describe('the catalogue of schemes', () => {
  it('has each file of the folder once, under a name of its own', () => {
    const files = readdirSync(path.join(root, 'src/verify/schemes')).map((file) => file.replace(/\.ts$/, ''));
    expect(files.toSorted()).toEqual(names);
  });

  it('has in each scheme the options that it needs, and both ways to give a secret', () => {
    for (const { options, needs } of schemes) {
      expect(Object.keys(options)).toEqual(expect.arrayContaining([...needs]));
      expect(Object.hasOwn(options, 'secret')).toBe(Object.hasOwn(options, 'secrets'));
      expect(needs.includes('secret')).toBe(Object.hasOwn(options, 'secret'));
    }
  });

  it('names headers in lower case, as requests have them', () => {
    const headers = schemes.flatMap((scheme) => scheme.headers ?? []);
    const named = headers.flatMap(({ signatures, timestamp, ids = [] }) => [...signatures, timestamp ?? '', ...ids]);
    expect(named).toEqual(named.map((name) => name.toLowerCase()));
    expect(named).toContain('x-hub-signature-256');
  });

  it('has in the conformance suite each scheme that signs the body', () => {
    const signing = catalog.map(({ name }) => name).filter((scheme) => createVerifier({ scheme }).signsBody);
    const tried = new Set(signedSchemes.map(({ config }) => config.scheme));
    // A GitLab without a secret is one that presents a token.
    expect([...tried].toSorted()).toEqual([...signing, 'gitlab'].toSorted());
  });

  it('is what docs/signatures.md speaks of: each has a service there, and each scheme there is one', () => {
    const page = readFileSync(path.join(root, 'docs/signatures.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| '));
    const written = rows.flatMap((row) => [...row.matchAll(/scheme: '([^']+)'/g)].map(([, name]) => name));
    const ofPresets = rows.flatMap((row) => {
      const [, preset] = /^\| [^|]+ \| `(\w+)` \| `[A-Z_]+`/.exec(row) ?? [];
      if (preset === undefined) return [];
      const file = readFileSync(path.join(root, `presets/${preset}.json5`), 'utf8');
      return [valueAt(JSON5.parse(file), ['verify', 'scheme'])];
    });
    expect([...new Set([...written, ...ofPresets])].toSorted()).toEqual(names);
  });
});

describe('what is secret of a verify', () => {
  it('is every option that its scheme marks so', () => {
    const tokens = { secrets: ['a', ' ', 'b'], verifyToken: 'c' };
    expect(secretsOfVerify({ scheme: 'meta', ...tokens })).toEqual(['a', 'b', 'c']);
    expect(secretsOfVerify({ scheme: 'token', header: 'X-Key', secret: 'a' })).toEqual(['a']);
    expect(secretsOfVerify({ scheme: 'discord', publicKey: 'a' })).toEqual([]);
  });
});

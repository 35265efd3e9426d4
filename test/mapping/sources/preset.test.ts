import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../../src/domain/errors.ts';
import type { PresetOverlay } from '../../../src/mapping/settings/mapping-schema.ts';
import { loadPreset, presetSamples } from '../../../src/mapping/sources/preset.ts';
import type { Env } from '../../../src/schema/env.ts';
import { tempDir } from '../../support/temp-dir.ts';

const dir = tempDir();
const write = (text: string) => {
  const file = path.join(dir, 'shop.json5');
  fs.writeFileSync(file, text);
  return file;
};
const shop = (more: string, rule = '') =>
  write(
    `{ description: "x", samples: {},\n${more}\nmappings: [\n{ match: { path: "shop" }, messageTemplate: "hi",\n${rule} }] }`,
  );

/** Loads a preset that stands in the list of a config. */
function load(entry: string, { env = {}, overlay = {} }: { env?: Env; overlay?: PresetOverlay } = {}) {
  return loadPreset(entry, { env, overlay, place: (message) => [`in the list: ${message}`] });
}

function problemsOf(...args: Parameters<typeof load>): string[] {
  try {
    load(...args);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((line) => line.replace(/^.*shop\.json5:/, ''));
  }
}

describe('a preset file', () => {
  it('is named after its file', () => {
    expect(load(shop(''))).toMatchObject({ name: 'shop', mappings: [{ messageTemplate: 'hi' }] });
  });

  it('has all its mistakes told with their lines', () => {
    const file = write(
      '{\n  description: "x",\n  mappings: [\n    { messageTemplate: "x", nam: "y" },\n    { action: "wake" },\n  ],\n}',
    );
    expect(problemsOf(file)).toEqual([
      expect.stringMatching(/^1: samples: missing/),
      expect.stringMatching(/^4: mappings\[0\]\.nam: unknown key; did you mean "name"/),
      expect.stringMatching(/^5: mappings\[1\]: .*needs a textTemplate or a transform/),
    ]);
    expect(problemsOf(write('{ description: }'))).toEqual([expect.stringMatching(/^1: /)]);
    expect(problemsOf(write('5'))[0]).toMatch(/^1: description: missing/);
  });

  it('that is not there is told where it is asked for', () => {
    const known = 'github, gitlab, gmail, linear, pagerduty, sentry, shopify, slack, standard, stripe';
    expect(problemsOf('gmial')).toEqual([`in the list: there is no preset "gmial"; there are ${known}`]);
    expect(problemsOf('__proto__')).toEqual([expect.stringMatching(/^in the list: there is no preset/)]);
    expect(problemsOf(path.join(dir, 'none.json5'))).toEqual([
      expect.stringMatching(/there is no file .*none\.json5$/),
    ]);
    expect(problemsOf(`${dir}/`)).toEqual([
      expect.stringMatching(/ is no file; expected one such as "\.\/presets\/shop\.json5"$/),
    ]);
    expect(() => presetSamples('gmial')).toThrow(ConfigError);
  });
});

describe('the variables of a preset', () => {
  const verify = "verify: { scheme: 'github', secret: '${SHOP_SECRET}' },";

  it('are read from the environment of the config, for every mapping', () => {
    const file = shop(verify, "to: '${TO:-C1}', timeoutSeconds: '${SECONDS}'");
    expect(load(file, { env: { SHOP_SECRET: 's', SECONDS: '5' } }).mappings).toEqual([
      {
        match: { path: 'shop' },
        messageTemplate: 'hi',
        verify: { scheme: 'github', secret: 's' },
        to: 'C1',
        timeoutSeconds: 5,
      },
    ]);
  });

  it('that are not set are one problem, whatever the number of mappings, which says what to do', () => {
    const explained = `${verify} variables: { SHOP_SECRET: 'the secret of the shop' },`;
    expect(problemsOf(shop(explained))).toEqual([
      'in the list: the preset "shop" needs a variable that is not set: in .env, set SHOP_SECRET to the secret of the shop; or say in hooks.shop.verify how its senders prove themselves',
    ]);
    const twice = `to: '\${TO}' }, { messageTemplate: 'x', ${verify} to: '\${TO}'`;
    expect(problemsOf(shop(verify, twice))).toEqual([
      'in the list: the preset "shop" needs variables that are not set: in .env, set SHOP_SECRET and TO',
    ]);
  });

  it('are told beside what is wrong in the file', () => {
    expect(problemsOf(shop(verify, 'nam: "y", to: "${", model: "$${x}"'))).toEqual([
      expect.stringMatching(
        /^in the list: the preset "shop" needs a variable that is not set: in \.env, set SHOP_SECRET; or say/,
      ),
      '5: mappings[0].nam: unknown key; did you mean "name"?',
      expect.stringMatching(/^5: mappings\[0\]\.to: expected \$\{NAME\} or /),
    ]);
  });

  it('that hold what cannot be right are told by their names, without what they hold', () => {
    const standard = "verify: { scheme: 'standard-webhooks', secret: '${SHOP_SECRET}' },";
    expect(problemsOf(shop(standard), { env: { SHOP_SECRET: 'not base64!' } })).toEqual([
      'in the list: the preset "shop": SHOP_SECRET: expected a secret written in base64, with or without whsec_; keyEncoding: "utf8" takes it as it stands',
    ]);
    expect(problemsOf(shop(verify), { env: { SHOP_SECRET: '' } })).toEqual([
      'in the list: the preset "shop": SHOP_SECRET: empty: nothing could prove itself with it',
    ]);
    expect(problemsOf(shop('', "timeoutSeconds: '${SECONDS}'"), { env: { SECONDS: 'soon' } })).toEqual([
      expect.stringMatching(
        /^in the list: the preset "shop": SECONDS: expected an integer .* found something else in \$\{SECONDS\}$/,
      ),
    ]);
  });

  it('are not looked for in samples, which are what senders send', () => {
    const file = write(
      '{ description: "x", mappings: [{ match: { path: "/shop/" }, messageTemplate: "hi" }], samples: { a: { body: "${X}" } } }',
    );
    expect(problemsOf(file)).toEqual([]);
    expect(presetSamples(file)).toEqual({ samples: { a: { body: '${X}' } }, hooks: ['shop'] });
  });
});

describe('the verify of a preset', () => {
  const verify = "verify: { scheme: 'github', secret: '${SHOP_SECRET}' },";

  it('gives way to that of a mapping', () => {
    const own = "verify: { scheme: 'slack', secret: 'o' }";
    expect(load(shop(verify, own), { env: { SHOP_SECRET: 's' } }).mappings).toMatchObject([
      { verify: { scheme: 'slack', secret: 'o' } },
    ]);
  });

  it('is replaced whole by that of the owner, and its variables need not be set then', () => {
    const overlay: PresetOverlay = { verify: { scheme: 'stripe', secret: '${literally}' }, to: 'C2' };
    const file = shop(verify, "to: '${TO}', verify: { scheme: 'slack', secret: '${OTHER}', toleranceSeconds: 60 }");
    expect(load(file, { overlay }).mappings).toMatchObject([
      { verify: { scheme: 'stripe', secret: '${literally}' }, to: 'C2' },
    ]);
    expect(load(file, { overlay }).mappings[0]?.verify).not.toHaveProperty('toleranceSeconds');
  });

  it('is checked as that of the config is', () => {
    expect(problemsOf(shop("verify: { scheme: 'twilio',\nsecret: 's' },"))).toEqual([
      '2: verify.url: missing; the scheme twilio needs it',
    ]);
    expect(problemsOf(shop("verify: { scheme: 'githb', secret: 's' },"))).toEqual([
      expect.stringMatching(/^2: verify\.scheme: expected one of github, .* found "githb"$/),
    ]);
  });
});

it('the samples of a preset are refused where a key in them is written twice', () => {
  const file = write('{ description: "x", mappings: [],\nsamples: { sold: { body: { a: 1,\n a: 2 } } } }');
  expect(() => presetSamples(file)).toThrow(/shop\.json5:3: samples\.sold\.body\.a: written twice \(first in line 2\)/);
});

import { readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { loadPreset, presetSamples, shippedPresets } from '../../src/mapping/sources/preset.ts';
import { emptyPlaces, presetVariables, sampleOf, secret, shippedPreset, taken } from './rendered.ts';

const samples = shippedPresets().flatMap((preset) =>
  Object.keys(presetSamples(preset).samples).map((sample) => [preset, sample] as const),
);

it('each shipped preset has a test file of its own here', () => {
  const own = readdirSync(import.meta.dirname).filter((file) => file !== 'presets.test.ts');
  const tested = own.filter((file) => file.endsWith('.test.ts')).map((file) => file.replace(/\.test\.ts$/, ''));
  expect(tested.sort()).toEqual(shippedPresets().sort());
});

it.each(samples)('every value that %s uses is there in its sample %s', (preset, sample) => {
  const { body, headers } = sampleOf(preset, sample);
  const { context, actions } = taken(preset, body, headers);
  expect(actions.flatMap((action) => emptyPlaces(action, context))).toEqual([]);
});

it.each(shippedPresets())('%s has a sample for each of its mappings', (preset) => {
  const reached = Object.keys(presetSamples(preset).samples).map((sample) => {
    const { body, headers } = sampleOf(preset, sample);
    return taken(preset, body, headers).mapping;
  });
  expect(new Set(reached)).toEqual(new Set(shippedPreset(preset).mappings.map(({ id }) => id)));
});

it('every preset but gmail, which has no service to sign for it, asks for a proof', () => {
  const proven = Object.keys(presetVariables);
  expect([...proven, 'gmail'].sort()).toEqual(shippedPresets().sort());
  for (const preset of proven) {
    const verify = { scheme: preset === 'standard' ? 'standard-webhooks' : preset, secret };
    const { mappings } = shippedPreset(preset);
    expect(mappings.map((rule) => rule.verify)).toEqual(mappings.map(() => verify));
  }
  expect(shippedPreset('gmail').mappings.map((rule) => rule.verify)).toEqual([undefined]);
});

it.each(Object.entries(presetVariables))('%s says what %s is, where it is not set', (preset, variable) => {
  const load = () => loadPreset(preset, { env: {}, overlay: {}, place: (message) => [message] });
  const explained = new RegExp(
    `^the preset "${preset}" needs .*: in \\.env, set ${variable} to .*\\b(secret|token|text)\\b.*; or say in hooks\\.${preset}\\.verify `,
  );
  expect(load).toThrow(explained);
});

it('presets of services that send much take bodies of 5 MiB', () => {
  const large = shippedPresets().filter((preset) =>
    shippedPreset(preset).mappings.some(({ maxBodyBytes }) => maxBodyBytes === 5 * 1024 * 1024),
  );
  expect(large.sort()).toEqual(['github', 'gitlab', 'gmail', 'linear', 'sentry', 'shopify']);
});

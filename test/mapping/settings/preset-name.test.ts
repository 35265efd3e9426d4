import { expect, it } from '@jest/globals';
import { configSchema } from '../../../src/config/schema.ts';
import { presetName, presetOverlay } from '../../../src/mapping/settings/preset-name.ts';
import { compileSchema } from '../../../src/schema/ajv.ts';

it.each([
  ['github', 'github'],
  ['../config/my/shop.json5', 'shop'],
  ['shop.json5', 'shop'],
  ['/abs/shop.v2.json5', 'shop.v2'],
])('the preset %s is called %s', (entry, name) => {
  expect(presetName(entry)).toBe(name);
});

it('an overlay is what the owner wrote and nothing else; a setting is never taken for one', () => {
  const checked = compileSchema(configSchema, { defaults: true })({ hooks: { gmail: { model: 'm' } } });
  if (!checked.ok) throw new Error('a good config was refused');
  const { hooks } = checked.value;
  expect(presetOverlay(hooks, 'gmail')).toEqual({ model: 'm' });
  expect(presetOverlay(hooks, 'github')).toEqual({});
  expect(presetOverlay(hooks, 'path')).toEqual({});
});

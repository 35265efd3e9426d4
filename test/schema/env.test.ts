import { describe, expect, it } from '@jest/globals';
import { configSchema } from '../../src/config/schema.ts';
import { expandEnv } from '../../src/schema/env.ts';

const expand = (value: unknown, env: Record<string, string>) => expandEnv(value, configSchema, env).value;

describe('a placeholder', () => {
  it.each([
    ['${A}', { A: 'x' }, 'x'],
    ['a ${A}${B}', { A: 'x', B: 'y' }, 'a xy'],
    ['${A:-d}', {}, 'd'],
    ['${A:-d}', { A: '' }, 'd'],
    ['${A:-}', {}, ''],
    ['${A:-a:-b $}', {}, 'a:-b $'],
    ['${A}', { A: '${B}', B: 'never read' }, '${B}'],
    ['${A}', { A: "$& $1 $'" }, "$& $1 $'"],
    ['$${A} costs $5', { A: 'x' }, '${A} costs $5'],
  ])('%s with %j is %j', (text, env, expected) => {
    expect(expand({ $schema: text }, env as Record<string, string>)).toEqual({ $schema: expected });
  });

  it('stands in values at any depth, not in keys', () => {
    const value = { '${A}': [{ deep: '${A}' }, 5, null, true] };
    expect(expand(value, { A: 'x' })).toEqual({ '${A}': [{ deep: 'x' }, 5, null, true] });
  });

  it('never reads what every object has', () => {
    expect(expandEnv({ $schema: '${constructor}' }, configSchema, {}).problems).toHaveLength(1);
  });

  it.each([
    ['gateway', 'port', '80', 80],
    ['gateway', 'drainSeconds', '0.5', 0.5],
    ['gateway', 'trustProxy', 'true', true],
    ['gateway', 'trustProxy', '1', 1],
    ['gateway', 'trustProxy', 'loopback', 'loopback'],
    ['hooks', 'enabled', 'false', false],
    ['hooks', 'enabled', 'yes', 'yes'],
    ['gateway', 'port', '', ''],
    ['gateway', 'port', '0x10', '0x10'],
    ['hooks', 'token', '123', '123'],
  ])('alone in %s.%s makes %j what the schema wants: %j', (section, key, text, expected) => {
    expect(expand({ [section]: { [key]: '${A}' } }, { A: text })).toEqual({ [section]: { [key]: expected } });
  });

  it('stays text where it is not alone, where nobody wrote it, and in a condition', () => {
    const match = { payload: { id: '${A}' } };
    const value = { gateway: { port: '1${A}', drainSeconds: '5' }, hooks: { mappings: [{ match }] } };
    expect(expand(value, { A: '8' })).toEqual({
      gateway: { port: '18', drainSeconds: '5' },
      hooks: { mappings: [{ match: { payload: { id: '8' } } }] },
    });
  });
});

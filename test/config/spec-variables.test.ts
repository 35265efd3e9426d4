import { describe, expect, it } from '@jest/globals';
import { withSpecVariables } from '../../src/config/spec-variables.ts';

const both = { WEBHOOK_PORT: '8420', WEBHOOK_SECRET: 's' };
const [port, secret] = ['${WEBHOOK_PORT}', '${WEBHOOK_SECRET}'];

describe('the variables of specs', () => {
  it.each<[string, unknown, Record<string, string>, unknown]>([
    ['stand for a config that says nothing', {}, both, { specs: { port, secret } }],
    ['add to what it says', { specs: { dir: './x' } }, both, { specs: { dir: './x', port, secret } }],
    ['change nothing that it says', { specs: { port: 1, secret: 'x' } }, both, { specs: { port: 1, secret: 'x' } }],
    ['one beside the other that it says', { specs: { port: 1 } }, both, { specs: { port: 1, secret } }],
    ['count for nothing where they are unset', {}, {}, { specs: {} }],
    ['count for nothing where they are blank', {}, { WEBHOOK_PORT: '', WEBHOOK_SECRET: ' ' }, { specs: {} }],
    ['leave the secret alone where there is no port', {}, { WEBHOOK_SECRET: 's' }, { specs: {} }],
    ['leave a bad value to the schema', { specs: null }, both, { specs: null }],
    ['leave a bad config to the schema', [1], both, [1]],
  ])('%s', (_, config, env, expected) => {
    expect(withSpecVariables(config, env)).toEqual(expected);
  });
});

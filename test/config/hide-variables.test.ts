import { describe, expect, it } from '@jest/globals';
import { hideVariables } from '../../src/config/hide-variables.ts';

const hide = hideVariables(
  new Map([
    ['KEY', 'sk-123456'],
    ['LONGER', 'sk-123456-and-more'],
    ['PORT', '8080'],
    ['QUOTED', 'a "quoted" word'],
    ['EMPTY', ''],
  ]),
);

describe('words about a config', () => {
  it('name the variable in place of its value, the longest first', () => {
    expect(hide('found "sk-123456" and sk-123456-and-more/x')).toBe('found "${KEY}" and ${LONGER}/x');
    expect(hide(`found ${JSON.stringify('a "quoted" word')}`)).toBe('found "${QUOTED}"');
  });
  it('do so for a short value only where it stands alone in quotes', () => {
    expect(hide('"8080" is no port, in 8080 and x8080')).toBe('"${PORT}" is no port, in 8080 and x8080');
  });
});

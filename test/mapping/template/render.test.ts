import { describe, expect, it } from '@jest/globals';
import { InvalidEvent } from '../../../src/domain/errors.ts';
import { render } from '../../../src/mapping/template/render.ts';

describe('a text with its values in their places', () => {
  const resolve = (path: string) => ({ a: 'from the event', none: null, half: 'x'.repeat(524_288) })[path];

  it('shows what came with the event and what a part brings along', () => {
    const text = ['1 ', { path: 'a' }, ' 2 ', { path: 'b', value: 'its own' }, ' 3', { path: 'none' }];
    expect(render(text, resolve)).toBe('1 from the event 2 its own 3');
  });

  it('has at most 1,048,576 characters', () => {
    const twice = [{ path: 'half' }, { path: 'half' }];
    expect(render(twice, resolve)).toHaveLength(1_048_576);
    for (const more of ['x', { path: 'a' }]) {
      expect(() => render([...twice, more], resolve)).toThrow(InvalidEvent);
    }
  });
});

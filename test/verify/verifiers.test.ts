import { expect, it } from '@jest/globals';
import { createVerifiers } from '../../src/verify/verifiers.ts';
import { mappingOf } from '../mapping/fixtures.ts';

it('mappings with equal settings share a verifier, others have their own, and those without have none', () => {
  const rule = (secret: string) => ({ messageTemplate: 'x', verify: { scheme: 'github' as const, secret } });
  const [first, same, other, none] = [rule('a'), rule('a'), rule('b'), { messageTemplate: 'x' }].map((one) =>
    mappingOf(one),
  ) as [
    ReturnType<typeof mappingOf>,
    ReturnType<typeof mappingOf>,
    ReturnType<typeof mappingOf>,
    ReturnType<typeof mappingOf>,
  ];
  const verifierOf = createVerifiers([first, same, other, none]);
  expect(verifierOf(first)).toBeDefined();
  expect(verifierOf(same)).toBe(verifierOf(first));
  expect(verifierOf(other)).toBeDefined();
  expect(verifierOf(other)).not.toBe(verifierOf(first));
  expect(verifierOf(none)).toBeUndefined();
});

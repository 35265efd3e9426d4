import { refusal, type Verifier } from './verifier.ts';

/** For a mapping whose `verify` cannot be used: nobody can prove to be its sender, and nobody is blamed for it. */
export function createSealedVerifier(reason: string): Verifier {
  return {
    methods: ['POST'],
    signsBody: false,
    credentials: { headers: [], query: [] },
    verify: () => refusal('does not load', reason),
    handshake: () => null,
    identify: () => refusal('does not load', reason),
    restamp: (payload) => payload,
  };
}

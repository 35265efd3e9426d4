import { schemeOf } from './catalog.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import type { Verify } from './settings.ts';
import { refusal, type Verifier, type VerifierDeps } from './verifier.ts';

/** What says who may send, of a mapping. */
interface Guarded {
  /** undefined for the hook token */
  readonly verify: Verify | undefined;
  /** why it does not load, and whether its `verify` cannot be read either */
  readonly broken?: { readonly reason: string; readonly sealed: boolean };
}

/**
 * What the senders of each mapping have to prove; undefined where that is the hook token. Equal settings share a verifier: a
 * request is checked once for all mappings of a preset. The keys of an issuer are fetched once for all.
 */
export function createVerifiers<Mapping extends Guarded>(
  mappings: readonly Mapping[],
): (mapping: Mapping) => Verifier | undefined {
  const bySettings = new Map<string, Verifier>();
  const keys = new Map<string, IssuerKeys>();
  const byMapping = new Map<Mapping, Verifier>();
  function issuerKeys(url: URL): IssuerKeys {
    const known = keys.get(url.href) ?? createIssuerKeys(url);
    keys.set(url.href, known);
    return known;
  }
  for (const mapping of mappings) {
    if (mapping.broken?.sealed) byMapping.set(mapping, createSealedVerifier(mapping.broken.reason));
    if (!mapping.verify) continue;
    const settings = JSON.stringify(mapping.verify);
    const verifier = bySettings.get(settings) ?? createVerifier(mapping.verify, { issuerKeys });
    bySettings.set(settings, verifier);
    byMapping.set(mapping, verifier);
  }
  return (mapping) => byMapping.get(mapping);
}

/**
 * The verifier that a mapping's `verify` asks for. It never throws over a config that `checkVerify` would refuse: without a
 * usable secret it accepts nothing.
 */
export function createVerifier(config: Verify, deps: VerifierDeps = {}): Verifier {
  const scheme = schemeOf(config.scheme);
  return {
    ...scheme.createJudge(config, deps),
    methods: scheme.methods ?? ['POST'],
    handshake: (request, payload) => scheme.handshake?.(request, payload) ?? null,
  };
}

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

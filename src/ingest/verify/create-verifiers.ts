import type { Mapping } from '../../mapping/mapping.ts';
import { createVerifier } from './create-verifier.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import { createSealedVerifier } from './sealed-verifier.ts';
import type { Verifier } from './verifier.ts';

/**
 * What the senders of each mapping have to prove; undefined where that is the hook token. Equal settings share a verifier: a
 * request is checked once for all mappings of a preset. The keys of an issuer are fetched once for all.
 */
export function createVerifiers(mappings: readonly Mapping[]): (mapping: Mapping) => Verifier | undefined {
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

import type { ProofStep, SignedRequest, Verdict, Verifier } from './verifier.ts';

/** A request of which the body has not come yet. */
export type RequestHead = Omit<SignedRequest, 'rawBody'>;

/** Refusals that no body could change. */
const ofHead: ReadonlySet<ProofStep> = new Set([
  'no secret',
  'header missing',
  'malformed',
  'clock',
  'downgrade',
  'does not load',
]);
const nothing = Buffer.alloc(0);

/**
 * What a proof comes to before the body has come: its verdict where the body is no part of it, a refusal where what the head has could
 * prove no body at all; null where the body decides.
 */
export async function judgeHead(verifier: Verifier, head: RequestHead): Promise<Verdict | null> {
  const verdict = await verifier.verify({ ...head, rawBody: nothing });
  if (!verifier.signsBody) return verdict;
  return !verdict.ok && ofHead.has(verdict.step) ? verdict : null;
}

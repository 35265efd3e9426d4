import { createTokenCheck, headerBytes } from './token.ts';
import { firstHeader, headerOf, type Judge, noSecret, refusal, signerOf } from './verifier.ts';

/** How a secret is presented as it stands. */
export interface TokenProfile {
  /** in lower case */
  readonly header: string;
  readonly ids: readonly string[];
  readonly ifMissing: string;
  readonly secretAt: string;
  /** a header of a stronger proof: a request that has it stands or falls by that proof */
  readonly stronger?: string;
  /** what is presented of a secret: the secret itself unless given */
  readonly presents?: (secret: string) => string;
  /** the bytes of that in a header, and back; null for what is none. As they stand unless given. */
  readonly write?: (bytes: Buffer) => string;
  readonly read?: (value: string) => Buffer | null;
}

/**
 * What judges requests that present a secret.
 * @param scheme its name
 */
export function createTokenJudge(scheme: string, profile: TokenProfile, secrets: readonly string[]): Judge {
  const { header, ids, stronger, presents = asItStands, write = latin1, read = headerBytes } = profile;
  const checks = secrets.map((secret) => ({
    isSecret: createTokenCheck(presents(secret)),
    signer: signerOf(scheme, presents(secret)),
  }));
  const [first] = secrets;

  return {
    signsBody: false,
    credentials: { headers: [header], query: [] },

    verify({ headers }) {
      if (checks.length === 0) return noSecret;
      if (stronger !== undefined && headers[stronger] !== undefined) {
        return refusal(
          'downgrade',
          `the request is signed (${stronger}), so its plain token does not count: set the signing token (whsec_…) as the secret`,
        );
      }
      const value = headerOf(headers, header);
      if (value === undefined) return refusal('header missing', `${header} is missing: ${profile.ifMissing}`);
      const presented = read(value);
      if (presented === null) return refusal('malformed', `${header} is not what the scheme ${scheme} presents`);
      const [match] = checks.filter(({ isSecret }) => isSecret(presented));
      if (match) return { ok: true, signer: match.signer };
      return refusal('no match', `no configured secret is the one in ${header}: compare it with ${profile.secretAt}`);
    },

    identify: ({ headers }) => ({ ok: true, deliveryId: firstHeader(headers, ids), idIsSigned: false }),
    restamp: (payload) => payload,
    ...(first !== undefined && {
      sign: (_body, { id }) => ({
        [header]: write(Buffer.from(presents(first))),
        ...(ids[0] !== undefined && { [ids[0]]: id }),
      }),
    }),
  };
}

function asItStands(secret: string): string {
  return secret;
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

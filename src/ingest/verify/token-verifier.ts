import { decodeBase64 } from '../../domain/encoding.ts';
import { secretsOf, type Verify } from '../../domain/verify.ts';
import { createTokenCheck, headerBytes } from '../authenticate.ts';
import { signerOf } from './signer.ts';
import { firstHeader, headerOf, noSecret, refusal, type Verifier } from './verifier.ts';

/** How a secret is presented as it stands. */
interface TokenScheme {
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

export function createTokenVerifier(config: Verify): Verifier {
  const scheme = tokenScheme(config);
  const { header, ids, stronger, presents = asItStands, write = latin1, read = headerBytes } = scheme;
  const secrets = secretsOf(config);
  const checks = secrets.map((secret) => ({
    isSecret: createTokenCheck(presents(secret)),
    signer: signerOf(config.scheme, presents(secret)),
  }));
  const [first] = secrets;

  return {
    methods: ['POST'],
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
      if (value === undefined) return refusal('header missing', `${header} is missing: ${scheme.ifMissing}`);
      const presented = read(value);
      if (presented === null) return refusal('malformed', `${header} is not what the scheme ${config.scheme} presents`);
      const [match] = checks.filter(({ isSecret }) => isSecret(presented));
      if (match) return { ok: true, signer: match.signer };
      return refusal('no match', `no configured secret is the one in ${header}: compare it with ${scheme.secretAt}`);
    },

    handshake: () => null,
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

function tokenScheme({ scheme, header = '', user = '', idHeader }: Verify): TokenScheme {
  const ids = idHeader === undefined ? [] : [idHeader.toLowerCase()];
  if (scheme === 'gitlab') {
    return {
      header: 'x-gitlab-token',
      ids: ['idempotency-key', 'webhook-id', 'x-gitlab-event-uuid'],
      ifMissing: "set a secret token in GitLab's webhook settings",
      secretAt: "the secret token in GitLab's webhook settings",
      stronger: 'webhook-signature',
    };
  }
  if (scheme === 'basic') {
    return {
      header: 'authorization',
      ids,
      ifMissing: 'give the sender this user name and password',
      secretAt: 'the password that the sender was given, and the user name as well',
      presents: (secret) => `${user}:${secret}`,
      write: (bytes) => `Basic ${bytes.toString('base64')}`,
      read: (value) => decodeBase64(/^basic +(\S+)$/i.exec(value)?.[1] ?? '?'),
    };
  }
  return {
    header: header.toLowerCase(),
    ids,
    ifMissing: 'give the sender this header and its value',
    secretAt: 'what the sender was given',
  };
}

function asItStands(secret: string): string {
  return secret;
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

import { decodeBase64 } from '../../domain/encoding.ts';
import { secretsOf, type Verify } from '../../domain/verify.ts';
import { createTokenCheck } from '../authenticate.ts';
import { firstHeader, headerOf, noSecret, refuse, type Verifier, verified } from './verifier.ts';

/** How a secret is presented as it stands. */
interface TokenScheme {
  /** in lower case */
  readonly header: string;
  readonly ids: readonly string[];
  readonly ifMissing: string;
  readonly secretAt: string;
  /** a header of a stronger proof: a request that has it stands or falls by that proof */
  readonly stronger?: string;
  /** the secret as the header's value, and back; null for what is none. As it stands unless given. */
  readonly write?: (secret: string) => string;
  readonly read?: (value: string) => string | null;
}

export function createTokenVerifier(config: Verify): Verifier {
  const scheme = tokenScheme(config);
  const { header, ids, stronger, write = asItStands, read = asItStands } = scheme;
  const secrets = secretsOf(config);
  const checks = secrets.map((secret) => createTokenCheck(read(write(secret)) ?? undefined));
  const [first] = secrets;

  return {
    methods: ['POST'],
    credentials: { headers: [header], query: [] },

    verify({ headers }) {
      if (checks.length === 0) return noSecret;
      if (stronger !== undefined && headers[stronger] !== undefined) {
        return refuse(
          'downgrade',
          `the request is signed (${stronger}), so its plain token does not count: set the signing token (whsec_…) as the secret`,
        );
      }
      const value = headerOf(headers, header);
      if (value === undefined) return refuse('header missing', `${header} is missing: ${scheme.ifMissing}`);
      const presented = read(value);
      if (presented === null) return refuse('malformed', `${header} is not what the scheme ${config.scheme} presents`);
      if (checks.some((isSecret) => isSecret(presented))) return verified;
      return refuse('no match', `no configured secret is the one in ${header}: compare it with ${scheme.secretAt}`);
    },

    handshake: () => null,
    identify: ({ headers }) => ({ ok: true, deliveryId: firstHeader(headers, ids), idIsSigned: false }),
    restamp: (payload) => payload,
    ...(first !== undefined && {
      sign: (_body, { id }) => ({ [header]: write(first), ...(ids[0] !== undefined && { [ids[0]]: id }) }),
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
      write: (secret) => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
      read: (value) => decodeBase64(/^basic +(\S+)$/i.exec(value)?.[1] ?? '?')?.toString('latin1') ?? null,
    };
  }
  return {
    header: header.toLowerCase(),
    ids,
    ifMissing: 'give the sender this header and its value',
    secretAt: 'what the sender was given',
  };
}

function asItStands(text: string): string {
  return text;
}

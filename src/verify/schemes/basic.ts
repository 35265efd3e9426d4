import { Type } from 'typebox';
import { decodeBase64 } from '../encoding.ts';
import { idHeader, secretOptions, secretsOf, text } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { createTokenJudge, type TokenProfile } from '../token-verifier.ts';

/** User and password of HTTP. */
export const basic = defineScheme({
  name: 'basic',
  options: {
    user: Type.String({ ...text, description: 'the user name; the secret is the password.' }),
    ...secretOptions,
    idHeader,
  },
  needs: ['user', 'secret'],
  check: ({ user }) =>
    typeof user === 'string' && user.includes(':')
      ? [{ path: '/user', message: 'expected a name without a colon: it ends the name in HTTP' }]
      : [],
  createJudge({ user = '', idHeader: id, ...secrets }) {
    const profile: TokenProfile = {
      header: 'authorization',
      ids: id === undefined ? [] : [id.toLowerCase()],
      ifMissing: 'give the sender this user name and password',
      secretAt: 'the password that the sender was given, and the user name as well',
      presents: (secret) => `${user}:${secret}`,
      write: (bytes) => `Basic ${bytes.toString('base64')}`,
      read: (value) => decodeBase64(/^basic +(\S+)$/i.exec(value)?.[1] ?? '?'),
    };
    return createTokenJudge('basic', profile, secretsOf(secrets));
  },
});

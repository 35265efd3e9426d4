import { Type } from 'typebox';
import { fitsHeader, unfitForHeader } from '../../domain/text/secret.ts';
import { headerName, idHeader, secretOptions, secretsOf } from '../options.ts';
import { defineScheme } from '../scheme.ts';
import { createTokenJudge } from '../token-verifier.ts';

/** A sender that puts the secret into a header of its own, as it stands. */
export const token = defineScheme({
  name: 'token',
  options: {
    header: Type.String({ ...headerName, description: 'holds the secret.' }),
    ...secretOptions,
    idHeader,
  },
  needs: ['header', 'secret'],
  checkSecret: (secret) => (fitsHeader(secret) ? null : unfitForHeader),
  createJudge({ header = '', idHeader: id, ...secrets }) {
    const profile = {
      header: header.toLowerCase(),
      ids: id === undefined ? [] : [id.toLowerCase()],
      ifMissing: 'give the sender this header and its value',
      secretAt: 'what the sender was given',
    };
    return createTokenJudge('token', profile, secretsOf(secrets));
  },
});

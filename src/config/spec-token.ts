import type { Config } from './schema.ts';

/** What callers of specs have to present, and where it stands: on a port of their own specs have a secret of their own. */
export function specToken({ hooks, specs }: Config) {
  return specs.port === undefined
    ? ({ setting: 'hooks.token', token: hooks.token } as const)
    : ({ setting: 'specs.secret', token: specs.secret } as const);
}

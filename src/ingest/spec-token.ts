import type { HooksSettings, SpecsSettings } from '../mapping/settings/settings.ts';

/** What callers of specs have to present, and where it stands: on a port of their own specs have a secret of their own. */
export function specToken({ hooks, specs }: { readonly hooks: HooksSettings; readonly specs: SpecsSettings }) {
  return specs.port === undefined
    ? ({ setting: 'hooks.token', token: hooks.token } as const)
    : ({ setting: 'specs.secret', token: specs.secret } as const);
}

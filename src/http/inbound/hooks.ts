import { methodsOf } from '../../ingest/admit.ts';
import { decodeName } from '../hook-name.ts';
import type { Answerers, EndpointSettings, InboundEndpoint } from './endpoint.ts';
import { readAt } from './hook-reads.ts';
import { Refused } from './refused.ts';
import { whyUnreadable } from './unreadable.ts';

/** Everything below `hooks.path`. */
export const hooks: InboundEndpoint = {
  endpoint: 'hooks',
  find(path, settings) {
    const { config, table, verifierOf, isHookToken } = settings;
    const { path: base, enabled, allowQueryToken } = config.hooks;
    if (!enabled || (path !== base && !path.startsWith(`${base}/`))) return null;
    const encoded = path.slice(base.length + 1);
    // A slash too many: no name begins so.
    if (encoded.startsWith('/')) return null;
    const name = decodeName(encoded);
    const hook = name ?? encoded;
    const read = readAt(name ?? '');
    const nameless = namelessness(name);
    const mappings = read || nameless ? [] : table.candidates(hook);
    const candidates = mappings.map((mapping) => ({ mapping, verifier: verifierOf(mapping) }));
    return {
      hook,
      shown: hook,
      methods: read ? ['GET'] : methodsOf(candidates),
      token: { isValid: isHookToken, setting: 'hooks.token' },
      tokenInUrl: allowQueryToken ? 'taken' : 'refused',
      candidates,
      limit: table.maxBodyBytes(hook),
      ...(nameless && { nameless }),
      ...(read && { read }),
      answerers: () => hookAnswerers(settings, hook),
    };
  },
  cannotRead: whyUnreadable,
  noCompression: 'send the body as it is: Gimli reads no compressed bodies, since a signature is over plain bytes',
  unknownComesFirst: false,
  mayWait: true,
};

export function hookAnswerers({ table }: Pick<EndpointSettings, 'table'>, hook: string): Answerers {
  return { candidates: table.candidates(hook), known: table.knows(hook) };
}

/** What is wrong with a name, if anything is. */
function namelessness(name: string | undefined): Refused | undefined {
  if (name === undefined) return new Refused('name', 'name', 'the hook name is not valid percent-encoding');
  return name === '' ? new Refused('name', 'not-found', 'name a hook: POST to a path below this one') : undefined;
}

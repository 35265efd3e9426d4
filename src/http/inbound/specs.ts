import { specToken } from '../../ingest/spec-token.ts';
import { specBodyBytes } from '../../mapping/sources/spec.ts';
import { decodeName } from '../hook-name.ts';
import type { Answerers, EndpointSettings, InboundEndpoint } from './endpoint.ts';

const base = '/hook/';

/** `POST /hook/:id`. */
export const specs: InboundEndpoint = {
  endpoint: 'specs',
  find(path, settings) {
    if (!path.startsWith(base)) return null;
    const encoded = path.slice(base.length);
    // A slash too many: no name begins so.
    if (encoded.startsWith('/')) return null;
    const hook = decodeName(encoded) ?? encoded;
    return {
      hook,
      shown: base + hook,
      methods: ['POST'],
      token: { isValid: settings.isSpecToken, setting: specToken(settings.config).setting },
      tokenInUrl: 'ignored',
      candidates: [],
      limit: specBodyBytes,
      answerers: () => specAnswerers(settings, hook),
    };
  },
  cannotRead: (error) => (error instanceof RangeError ? error.message : 'invalid json'),
  noCompression: 'send the body as it is: Gimli reads no compressed bodies',
  unknownComesFirst: true,
  mayWait: false,
};

/** What answers for a slug today; where nothing does, the owner may read why. */
export function specAnswerers({ specs }: Pick<EndpointSettings, 'specs'>, slug: string): Answerers {
  const found = specs.find(slug);
  return found.mapping
    ? { candidates: [found.mapping], known: true }
    : { candidates: [], known: false, unknown: found.why };
}

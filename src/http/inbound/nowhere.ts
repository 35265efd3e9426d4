import type { EndpointSettings, InboundEndpoint, Target } from './endpoint.ts';
import { Refused } from './refused.ts';

/** So much of a path is a name in a record. */
const longestName = 200;

/**
 * Paths that lead nowhere, among them those of a way in with a slash too many. They are answered in the words of the last of the ways in.
 * That they came leaves a trace: their senders mean something.
 */
export function nowhere(...[first, ...more]: readonly [InboundEndpoint, ...InboundEndpoint[]]): InboundEndpoint {
  return {
    ...first,
    find(path, settings) {
      const meant = path.replace(/\/{2,}/g, '/');
      const targets = meant === path ? [] : [first, ...more].flatMap((one) => one.find(meant, settings) ?? []);
      const { read, nameless, ...target } = targets[0] ?? emptyTarget(path, settings);
      return { ...target, lost: new Refused('path', 'not-found', 'not found') };
    },
  };
}

function emptyTarget(path: string, { isHookToken, isSpecToken, config }: EndpointSettings): Target {
  const name = path.slice(0, longestName);
  return {
    hook: name,
    shown: name,
    methods: [],
    // Whoever has one of them means something.
    token: { isValid: (token) => isHookToken(token) || isSpecToken(token), setting: 'hooks.token' },
    tokenInUrl: 'taken',
    candidates: [],
    limit: config.hooks.maxBodyBytes,
    answerers: () => ({ candidates: [], known: false }),
  };
}

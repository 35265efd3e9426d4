import { follow } from '../domain/event.ts';
import { type Problem, toPointer } from '../schema/problem.ts';

const settings = ['baseURL', 'apiKey', 'command', 'args', 'env', 'cwd'] as const;
type Setting = (typeof settings)[number];

const ofServers: readonly Setting[] = ['baseURL', 'apiKey'];

/** What each `api` makes use of, and cannot do without. */
const apis = new Map<unknown, { readonly takes: readonly Setting[]; readonly needs: readonly Setting[] }>([
  ['anthropic', { takes: ofServers, needs: [] }],
  ['openai', { takes: ofServers, needs: [] }],
  ['openai-chat', { takes: ofServers, needs: ['baseURL'] }],
  ['command', { takes: ['command', 'args', 'env', 'cwd'], needs: ['command'] }],
  ['echo', { takes: [], needs: [] }],
]);

/** What the schema cannot say about `agents.providers`, which may still be invalid. `at` is its JSON pointer. */
export function checkProviders(providers: unknown, at: string): Problem[] {
  if (typeof providers !== 'object' || providers === null) return [];
  return Object.entries(providers).flatMap(([id, provider]) => {
    const api = follow(provider, ['api']);
    const known = apis.get(api);
    if (!known) return [];
    const isSet = (setting: Setting) => follow(provider, [setting]) !== undefined;
    const problem = (setting: Setting, message: string) => ({ path: at + toPointer([id, setting]), message });
    return [
      ...known.needs.filter((setting) => !isSet(setting)).map((one) => problem(one, `missing; api "${api}" needs it`)),
      ...settings
        .filter((setting) => isSet(setting) && !known.takes.includes(setting))
        .map((one) => problem(one, `would be ignored: it is not for api "${api}"`)),
    ];
  });
}

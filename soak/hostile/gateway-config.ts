import { gatewayToken, hookToken } from '../../bench/config.ts';
import type { KeyHost } from './key-hosts.ts';

export const githubSecret = 'the-github-secret-of-the-soak';

/** Signed hooks of several kinds, one of Google's for each key host, and one behind the hook token. */
export function configOf(keyHosts: readonly KeyHost[]) {
  return {
    gateway: { drainSeconds: 5, token: gatewayToken },
    hooks: {
      enabled: true,
      token: hookToken,
      presets: ['github', 'stripe'],
      mappings: [order, twilio, ...keyHosts.map(google)],
    },
    agents: { defaults: { model: 'echo/echo', heartbeat: { every: '0m', target: 'none' } } },
    channels: { owner: { channel: 'log' } },
  };
}

const order = {
  match: {
    path: 'order',
    payload: { email: { regex: '^[\\w.+-]+@example\\.com$' }, note: { regex: '^(\\w+\\W*)+$' } },
  },
  schema: {
    type: 'object',
    required: ['number', 'email'],
    properties: { number: { type: 'integer' }, email: { type: 'string', maxLength: 100, pattern: '@' } },
  },
  action: 'agent',
  name: 'Order',
  wakeMode: 'next-heartbeat',
  messageTemplate: 'Order {{number}} of {{email}}: {{note}}',
};

const twilio = {
  match: { path: 'twilio' },
  verify: { scheme: 'twilio', secret: 'the-twilio-secret-of-the-soak', url: 'https://gimli.example/hooks/twilio' },
  action: 'wake',
  textTemplate: '{{Body}}',
};

const google = ({ hook, url }: KeyHost) => ({
  match: { path: hook },
  verify: { scheme: 'google-oidc', audience: 'gimli', email: 'push@gimli.example', jwksUrl: url },
  action: 'wake',
  textTemplate: '{{message.messageId}}',
});

import type { Scheme } from './scheme.ts';
import { basic } from './schemes/basic.ts';
import { discord } from './schemes/discord.ts';
import { gitea } from './schemes/gitea.ts';
import { github } from './schemes/github.ts';
import { gitlab } from './schemes/gitlab.ts';
import { googleOidc } from './schemes/google-oidc.ts';
import { hmac } from './schemes/hmac.ts';
import { hookdeck } from './schemes/hookdeck.ts';
import { linear } from './schemes/linear.ts';
import { meta } from './schemes/meta.ts';
import { pagerduty } from './schemes/pagerduty.ts';
import { sentry } from './schemes/sentry.ts';
import { shopify } from './schemes/shopify.ts';
import { slack } from './schemes/slack.ts';
import { standardWebhooks } from './schemes/standard-webhooks.ts';
import { stripe } from './schemes/stripe.ts';
import { token } from './schemes/token.ts';
import { twilio } from './schemes/twilio.ts';

/**
 * How senders prove who they are: a signature over the bytes, a token of their own, or somebody's word for them. The only list of the
 * schemes; a new one is a file and a line here.
 */
export const catalog = [
  github,
  gitlab,
  gitea,
  stripe,
  slack,
  shopify,
  linear,
  sentry,
  pagerduty,
  standardWebhooks,
  hookdeck,
  hmac,
  basic,
  token,
  twilio,
  discord,
  googleOidc,
  meta,
] as const satisfies readonly Scheme[];

export type SchemeName = (typeof catalog)[number]['name'];

const byName = new Map<string, Scheme>(catalog.map((scheme) => [scheme.name, scheme]));

/** The scheme of a name that the schema has let pass. */
export function schemeOf(name: SchemeName): Scheme {
  const scheme = byName.get(name);
  if (!scheme) throw new Error(`there is no scheme "${name}"`);
  return scheme;
}

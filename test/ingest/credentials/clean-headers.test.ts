import { describe, expect, it } from '@jest/globals';
import { cleanHeaders } from '../../../src/ingest/credentials/clean-headers.ts';
import { cleanQuery } from '../../../src/ingest/credentials/clean-query.ts';
import { namesRead } from '../../../src/mapping/names-read.ts';
import { catalog } from '../../../src/verify/catalog.ts';
import type { Scheme } from '../../../src/verify/scheme.ts';

const travelling = (names: readonly string[], isRead = (_: string) => false) =>
  Object.keys(cleanHeaders(Object.fromEntries(names.map((name) => [name, 'v'])), [], isRead));

const schemes: readonly Scheme[] = catalog;

describe('a header', () => {
  it.each([
    'content-type',
    'user-agent',
    'x-github-event',
    'x-github-delivery',
    'x-github-hook-id',
    'x-gitlab-event',
    'x-gitlab-event-uuid',
    'x-gitlab-instance',
    'x-gitea-event',
    'x-shopify-topic',
    'x-shopify-shop-domain',
    'x-shopify-triggered-at',
    'linear-event',
    'linear-delivery',
    'x-event-key',
    'x-request-id',
    'sentry-hook-resource',
    'sentry-hook-timestamp',
    'x-slack-retry-num',
    'webhook-id',
    'webhook-timestamp',
    'idempotency-key',
    'ce-type',
    'traceparent',
    'x-webhook-subscription',
    'x-hookdeck-eventid',
    'x-goog-resource-state',
    'x-atlassian-webhook-identifier',
  ])('%s says something of the event, and travels', (name) => expect(travelling([name])).toEqual([name]));

  it.each(['x-harmless', 'x-customer', 'x-forwarded-for', 'x-real-ip', 'referer', 'x-amz-meta-note'])(
    '%s travels only where a mapping reads it',
    (name) => {
      expect(travelling([name])).toEqual([]);
      expect(travelling([name], (asked) => asked === name)).toEqual([name]);
    },
  );

  const signatures = schemes.flatMap(({ headers = [] }) => headers.flatMap((set) => set.signatures));
  it.each([
    ...new Set(signatures),
    'authorization',
    'proxy-authorization',
    'cookie',
    'x-twilio-signature',
    'x-gitlab-token',
    'x-auth-key',
    'x-auth',
    'x-api_key',
    'x-apikey',
    'x-api-key',
    'x-session-id',
    'x-session',
    'x-access-key',
    'x-access-token',
    'x-hub-signature',
    'x-hmac',
    'x-shopify-hmac-sha512',
    'x-my-sig',
    'x-secret-event',
    'x-functions-key',
    'x-goog-iam-authorization-token',
    'x-csrf-token',
    'x-password',
  ])('%s proves somebody, and never travels, whoever reads it', (name) =>
    expect(travelling([name], () => true)).toEqual([]),
  );

  it('that a scheme of the hook takes for a proof does not travel either', () => {
    expect(cleanHeaders({ 'x-door-event': 'open-sesame' }, ['x-door-event'], () => true)).toEqual({});
  });

  it('arrives as it was sent: UTF-8 where it is, else Latin-1', () => {
    const sent = (bytes: Buffer) => cleanHeaders({ 'x-topic': bytes.toString('latin1') }, [])['x-topic'];
    expect(sent(Buffer.from('Grüße 😀'))).toBe('Grüße 😀');
    expect(sent(Buffer.from('Grüße', 'latin1'))).toBe('Grüße');
    expect(sent(Buffer.from('plain'))).toBe('plain');
    expect(cleanHeaders({ 'x-topic': ['a', 'b'] }, [])).toEqual({ 'x-topic': 'a, b' });
  });
});

describe('a parameter', () => {
  const names = (query: Record<string, string>, isRead = (_: string) => false) =>
    Object.keys(cleanQuery(query, [], isRead));
  it.each([
    'Token',
    'access_token',
    'api_key',
    'apikey',
    'API-KEY',
    'signature',
    'sig',
    'X-Amz-Signature',
    'client_secret',
    'auth',
    'password',
    'session_id',
    'jwt',
  ])('%s proves somebody, and never travels', (name) => expect(names({ [name]: 'v' }, () => true)).toEqual([]));
  it.each(['key', 'code', 'state', 'hash'])(
    '%s may prove somebody, and travels only where a mapping reads it',
    (name) => {
      expect(names({ [name]: 'v' })).toEqual([]);
      expect(names({ [name]: 'v' }, (asked) => asked === name)).toEqual([name]);
    },
  );
  it('with such a name does not travel within another, and the rest of that does', () => {
    const query = { filter: { token: 't', page: '1', key: 'k', list: [{ secret: 's', a: 'b' }] } };
    expect(JSON.stringify(cleanQuery(query, [], () => false))).toBe('{"filter":{"page":"1","list":[{"a":"b"}]}}');
  });
  it('of any other name travels', () => {
    expect(names({ page: '1', a: 'x', challenge: 'y', keyword: 'z' })).toEqual(['page', 'a', 'challenge', 'keyword']);
  });
});

describe('what a rule reads', () => {
  const read = (rule: unknown) => {
    const { headers, query } = namesRead(rule);
    return { headers: [...headers], query: [...query] };
  };
  it('is named in its match, and in any of its texts', () => {
    const rule = {
      match: { headers: { 'X-Kind': 'a' } },
      messageTemplate: '{{headers.X-One}} {{{ headers.x-two }}} {{#query.three}}x{{/query.three}} headers {{query}}',
      to: '{{query.to}}',
      coalesce: { key: '{{headers.x-four}}' },
      steps: [{ message: '{{query.five}}' }],
    };
    expect(read(rule)).toEqual({ headers: ['x-one', 'x-two', 'x-four', 'x-kind'], query: ['three', 'to', 'five'] });
  });
  it('is named where it stands within a section', () => {
    expect(read({ textTemplate: '{{#headers}}{{x-one}}{{/headers}}' }).headers).toContain('x-one');
  });
});

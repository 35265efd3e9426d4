import { describe, expect, it } from '@jest/globals';
import { compileSchema } from '../../src/schema/ajv.ts';
import { catalog } from '../../src/verify/catalog.ts';
import { checkVerify, verifySchema } from '../../src/verify/settings.ts';

const schemes = catalog.map(({ name }) => name);

const secret = 'correct horse';
const whsec = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const publicKey = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
const check = compileSchema(verifySchema);

describe('verify', () => {
  it.each([
    ...['github', 'gitea', 'stripe', 'slack', 'shopify', 'linear', 'sentry', 'pagerduty', 'hookdeck', 'gitlab'].map(
      (scheme) => ({ scheme, secret }),
    ),
    { scheme: 'github', secrets: [secret, 'battery staple'] },
    { scheme: 'stripe', secret, toleranceSeconds: 600 },
    { scheme: 'gitlab', secret: whsec, toleranceSeconds: 0 },
    { scheme: 'gitlab', secrets: [whsec, 'whsec_AAAA'] },
    { scheme: 'standard-webhooks', secret: whsec },
    { scheme: 'standard-webhooks', secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    { scheme: 'standard-webhooks', secret: 'any text!', keyEncoding: 'utf8' },
    { scheme: 'standard-webhooks', secret: 'whsec_c0ffee', keyEncoding: 'hex' },
    { scheme: 'standard-webhooks', secret: 'whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=' },
    { scheme: 'hmac', secret, header: 'X-Signature' },
    { scheme: 'hmac', secret, header: 'X-Signature', idHeader: 'X-Id', prefix: '', encoding: 'base64' },
    {
      scheme: 'hmac',
      secret,
      header: 'X',
      signed: 'v0:{timestamp}:{body}',
      timestampHeader: 'X-T',
      timestampUnit: 'ms',
    },
    { scheme: 'hmac', secret: 'c0ffee', header: 'X', keyEncoding: 'hex', algorithm: 'sha512' },
    { scheme: 'token', secret, header: 'X-Door-Key', idHeader: 'X-Id' },
    { scheme: 'basic', secret, user: 'door' },
    { scheme: 'twilio', secret, url: 'https://example.com/hooks/twilio' },
    { scheme: 'discord', publicKey, toleranceSeconds: 5 },
    { scheme: 'google-oidc', audience: 'https://example.com', email: 'a@b.iam.gserviceaccount.com' },
    { scheme: 'google-oidc', audience: 'a', email: 'e', jwksUrl: 'http://127.0.0.1:8080/certs' },
    { scheme: 'meta', secret, verifyToken: 'v' },
  ])('may be %j', (value) => {
    expect(check(value)).toMatchObject({ ok: true });
    expect(checkVerify(value)).toEqual([]);
  });

  it.each<[object, string, RegExp]>([
    [{ scheme: 'github' }, '/secret', /^missing; the scheme github needs it$/],
    [{ scheme: 'github', secret: '' }, '/secret', /^empty/],
    [{ scheme: 'github', secret: ' \n' }, '/secret', /^empty/],
    [{ scheme: 'github', secrets: [secret, ''] }, '/secrets/1', /^empty/],
    [{ scheme: 'github', secret, secrets: [secret] }, '/secrets', /found both/],
    [{ scheme: 'github', secret, toleranceSeconds: 5 }, '/toleranceSeconds', /^does not belong to the scheme github/],
    [{ scheme: 'github', secret, header: 'X' }, '/header', /whose options are secret, secrets$/],
    [{ scheme: 'discord', publicKey, secret }, '/secret', /^does not belong to the scheme discord/],
    [{ scheme: 'discord', publicKey, secrets: [secret] }, '/secrets', /^does not belong/],
    [{ scheme: 'discord' }, '/publicKey', /^missing/],
    [{ scheme: 'discord', publicKey: publicKey.slice(2) }, '/publicKey', /64 hex digits/],
    [{ scheme: 'hmac', secret }, '/header', /^missing/],
    [{ scheme: 'hmac', secret: 'xyz', header: 'X', keyEncoding: 'hex' }, '/secret', /written in hex/],
    [{ scheme: 'hmac', secrets: ['AAAA', 'A-_!'], header: 'X', keyEncoding: 'base64' }, '/secrets/1', /in base64/],
    [{ scheme: 'hmac', secret, header: 'X', signed: '{timestamp}.{body}' }, '/timestampHeader', /^missing/],
    [{ scheme: 'hmac', secret, header: 'X', signed: '{id}.{body}' }, '/idHeader', /^missing/],
    [{ scheme: 'hmac', secret, header: 'X', signed: '{time}.{body}' }, '/signed', /found \{time\}/],
    [{ scheme: 'hmac', secret, header: 'X', signed: 'body' }, '/signed', /expected \{body\} in it/],
    [{ scheme: 'hmac', secret, header: 'X', timestampHeader: 'X-T' }, '/timestampHeader', /would prove nothing/],
    [{ scheme: 'hmac', secret, header: 'X', toleranceSeconds: 5 }, '/toleranceSeconds', /would prove nothing/],
    [{ scheme: 'token', secret }, '/header', /^missing/],
    [{ scheme: 'basic', secret }, '/user', /^missing/],
    [{ scheme: 'basic', secret, user: 'a:b' }, '/user', /without a colon/],
    [{ scheme: 'twilio', secret }, '/url', /^missing/],
    [{ scheme: 'google-oidc', audience: 'a' }, '/email', /^missing/],
    [{ scheme: 'google-oidc', email: 'e' }, '/audience', /^missing/],
    [{ scheme: 'google-oidc', audience: 'a', email: 'e', jwksUrl: 'http://example.com/' }, '/jwksUrl', /https/],
    [{ scheme: 'google-oidc', audience: 'a', email: 'e', jwksUrl: 'https://:/' }, '/jwksUrl', /https/],
    [{ scheme: 'meta', secret }, '/verifyToken', /^missing/],
    [{ scheme: 'gitlab', secrets: [secret, whsec] }, '/secrets/0', /signing tokens .* or plain/],
    [{ scheme: 'gitlab', secret: 'whsec_not!base64' }, '/secret', /as GitLab showed it/],
    [{ scheme: 'gitlab', secret, toleranceSeconds: 5 }, '/toleranceSeconds', /only signing tokens/],
    [{ scheme: 'standard-webhooks', secret: 'any text!' }, '/secret', /keyEncoding: "utf8"/],
    [{ scheme: 'standard-webhooks', secret: 'whsec_' }, '/secret', /written in base64/],
    [{ scheme: 'standard-webhooks', secret: 'whpk_AAAA' }, '/secret', /32 bytes/],
  ])('may not be %j: %s', (value, path, message) => {
    expect(checkVerify(value)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it.each([
    { scheme: 'githb' },
    { scheme: 'github', secret, sekret: 'x' },
    { scheme: 'github', secrets: [] },
    { scheme: 'token', secret, header: 'X Key' },
    { scheme: 'twilio', secret, url: 'https://example.com/hooks/twilio?a=b' },
    { scheme: 'stripe', secret, toleranceSeconds: -1 },
  ])('is left to the schema where it is wrong in itself: %j', (value) => {
    expect(check(value)).toMatchObject({ ok: false });
    expect(checkVerify(value)).toEqual([]);
  });

  it('is looked at whatever it is', () => {
    for (const value of [null, 1, 'github', [], {}, { scheme: 1 }, { scheme: 'github', secret: 1, secrets: 2 }]) {
      expect(() => checkVerify(value)).not.toThrow();
    }
    for (const scheme of schemes) {
      const odd = {
        scheme,
        secret: 1,
        secrets: [null, {}],
        signed: 1,
        user: 1,
        jwksUrl: 1,
        publicKey: 1,
        keyEncoding: 1,
      };
      expect(() => checkVerify(odd)).not.toThrow();
    }
  });

  it('keeps secrets out of its messages', () => {
    const secrets = ['hunter2 hunter2', 'whsec_hunter2!', 'whpk_hunter2'];
    for (const scheme of schemes) {
      const said = JSON.stringify(checkVerify({ scheme, secrets, publicKey: 'hunter2', keyEncoding: 'hex' }));
      expect(said).not.toContain('hunter2');
    }
  });
});

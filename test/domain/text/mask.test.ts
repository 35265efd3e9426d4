import { describe, expect, it } from '@jest/globals';
import { createMask } from '../../../src/domain/text/mask.ts';

const secret = 'sk-live "ü"/+ 42\\x';
const mask = createMask([secret, 'gateway-token-7', 'gateway-token-7-and-more', 'short', 'a1b2c3']);

describe('a mask', () => {
  const forms: [string, string][] = [
    ['as it is', secret],
    ['within JSON', JSON.stringify({ key: secret })],
    ['within JSON within JSON', JSON.stringify(JSON.stringify({ key: secret }))],
    ['in a URL', `https://x.example/?key=${encodeURIComponent(secret)}&a=1`],
    ['in a form', new URLSearchParams({ key: secret }).toString()],
    ['in a URL, by a strict writer', encodeURIComponent(secret).replace(/'/g, '%27')],
    ['in a URL that keeps its slashes', encodeURIComponent(secret).replaceAll('%2F', '/')],
    ['within JSON that escapes slashes', JSON.stringify(secret).replaceAll('/', '\\/')],
    ['within HTML', secret.replaceAll('"', '&quot;')],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in base64 behind one byte', Buffer.from(`u${secret}`).toString('base64')],
    ['in base64 behind two, as a Basic header has it', Buffer.from(`u:${secret}:x`).toString('base64')],
  ];
  it.each(forms)('finds a secret %s', (_, text) => {
    const masked = mask(`before ${text} after`);
    expect(masked).toMatch(/^before .*\*\*\*.* after$/s);
    const base64 = Buffer.from(secret).toString('base64');
    const pieces = Array.from({ length: base64.length - 7 }, (_, at) => base64.slice(at, at + 8));
    expect(pieces.filter((piece) => masked.includes(piece))).toEqual([]);
    expect(masked).not.toContain('sk-live');
  });

  it('finds the longer of two that begin alike', () => {
    expect(mask('gateway-token-7-and-more gateway-token-7')).toBe('*** ***');
  });

  it('finds a secret of several lines where these became one', () => {
    const key = '-----BEGIN KEY-----\nMIIabc\nMIIdef\n-----END KEY-----';
    expect(createMask([key])('said -----BEGIN KEY----- MIIabc MIIdef -----END KEY-----.')).toBe('said ***.');
  });

  it('leaves short words alone, which stand in the middle of others, but not short ones with digits', () => {
    expect(mask('in short, shortly')).toBe('in short, shortly');
    expect(mask('a1b2c3')).toBe('***');
    expect(createMask(['', ' ', 'k', '123456'])('k 123456 kk')).toBe('k 123456 kk');
  });

  it('takes out what any URL has before its host, known or not', () => {
    const text = 'dsn=postgres://u:pw@db/x and https://x.example:8080/a@b and redis://:pw@h';
    expect(createMask([])(text)).toBe('dsn=postgres://***@db/x and https://x.example:8080/a@b and redis://***@h');
  });

  it('changes nothing that is masked already', () => {
    const text = mask(`${secret} postgres://u:pw@db`);
    expect(mask(text)).toBe(text);
  });

  it('looks through a text once: twice the text takes no more than a few times as long', () => {
    const many = createMask(Array.from({ length: 2000 }, (_, at) => `secret-number-${at}-with-a-tail`));
    const hostile = 'secret-number-'.repeat(20_000) + '://'.repeat(20_000) + 'a:'.repeat(20_000);
    expect(many(hostile)).toBe(hostile);
    expect(many('secret-number-999-with-a-tail')).toBe('***');
  });
});

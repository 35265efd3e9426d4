import { describe, expect, it } from '@jest/globals';
import { type ActiveHours, isActive, isEmptyChecklist, nextStart, withoutAck } from '../../src/domain/heartbeat.ts';

describe('what is worth sending of a reply', () => {
  const acknowledgements: [string, string][] = [
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['the token alone', 'HEARTBEAT_OK'],
    ['the token in bold', '**HEARTBEAT_OK**'],
    ['the token in HTML', '<b>HEARTBEAT_OK</b>'],
    ['the token in code, with a full stop', '`HEARTBEAT_OK`.'],
    ['the token between blank lines', '\n\nHEARTBEAT_OK\n'],
    ['a few words after the token', 'HEARTBEAT_OK, all quiet.'],
    ['a few words before the token', 'All quiet. HEARTBEAT_OK'],
    ['the token in quotes', '"HEARTBEAT_OK"'],
    ['the token in curly quotes', '“HEARTBEAT_OK”'],
    ['the token in brackets', '(HEARTBEAT_OK)'],
    ['the token in square brackets with an arrow', '→ [HEARTBEAT_OK]'],
    ['the token as markdown escapes it', 'HEARTBEAT\\_OK'],
    ['the token with a blank', 'HEARTBEAT OK'],
    ['the token with a dash', 'HEARTBEAT-OK'],
    ['the token in a fence', '```text\nHEARTBEAT_OK\n```'],
    ['the token in a quoted list', '> - HEARTBEAT_OK'],
    ['the token in JSON', '{"HEARTBEAT_OK"}'],
    ['the token as an element', '<p class="x"><em>HEARTBEAT_OK</em></p>'],
    ['the token behind what nobody sees', '\u200b\ufeffHEARTBEAT_OK\u200b'],
    ['the token with a tick', '✅ HEARTBEAT_OK ✅'],
    ['the token at both ends', 'HEARTBEAT_OK\nnothing new\nHEARTBEAT_OK'],
    ['300 characters after the token', `HEARTBEAT_OK ${'x'.repeat(300)}`],
    ['300 characters before the token, each of four bytes', `${'🦊'.repeat(300)} **HEARTBEAT_OK**`],
  ];
  it.each(acknowledgements)('%s: nothing', (_, reply) => {
    expect(withoutAck(reply, 300)).toBeNull();
  });

  const alerts: [string, string, string][] = [
    ['301 characters after the token: the rest', `HEARTBEAT_OK ${'x'.repeat(301)}`, 'x'.repeat(301)],
    ['301 characters before the token: the rest', `${'🦊'.repeat(301)}\n**HEARTBEAT_OK**`, '🦊'.repeat(301)],
    ['the token in the middle: all of it', 'I say HEARTBEAT_OK now', 'I say HEARTBEAT_OK now'],
    ['no token: all of it, blanks included', ' The door is open.\n', ' The door is open.\n'],
    ['a longer word that begins like the token: all of it', 'HEARTBEAT_OKAY', 'HEARTBEAT_OKAY'],
    ['a longer word that ends like the token: all of it', 'NO_HEARTBEAT_OK', 'NO_HEARTBEAT_OK'],
    ['the token in small letters: all of it', 'heartbeat_ok', 'heartbeat_ok'],
  ];
  it.each(alerts)('%s', (_, reply, expected) => {
    expect(withoutAck(reply, 300)).toBe(expected);
  });

  it.each(['.', ' *', '<', '<b', '_', 'HEARTBEAT_OK '])('takes one pass over a long reply of %j', (piece) => {
    // Quadratic work on this would take hours.
    expect(withoutAck(`a${piece.repeat(300_000)}b`, 300)).not.toBeNull();
  });

  it('with ackMaxChars 0 only the bare token acknowledges', () => {
    expect(withoutAck('**HEARTBEAT_OK**', 0)).toBeNull();
    expect(withoutAck('"HEARTBEAT_OK" 👍', 0)).toBeNull();
    expect(withoutAck('HEARTBEAT_OK x', 0)).toBe('x');
  });
});

describe('a checklist', () => {
  const empty = [
    '<!-- note -->',
    '<!-- a\nlong\nnote -->\n# Title',
    '<!-- never closed\n- x',
    '---',
    '---\n***\n___\n- - -\n===',
    '---\ntitle: Heartbeat\ntags: [a]\n---\n# Title\n',
    '\ufeff---\r\na: b\r\n---\r\n',
    '1.\n2) [ ]',
    '>',
    '```\n```',
    null,
    '',
    '\n \n',
    '# Title\n\n## Part',
    '-\n*\n+\n',
    '- [ ]\n- [x]\n* [X]',
    '  # Indented\n  - [ ]  \n',
  ];
  it.each(empty)('of %j asks for nothing', (markdown) => {
    expect(isEmptyChecklist(markdown)).toBe(true);
  });

  const full = [
    '- water the plants',
    'text',
    '# Title\n- [ ] call Ada',
    '- [y]',
    '1. x',
    '---\na: b\n---\nlook',
    '<!-- x --> look',
    '---\nlook',
  ];
  it.each(full)('of %j asks for something', (markdown) => {
    expect(isEmptyChecklist(markdown)).toBe(false);
  });
});

describe('active hours', () => {
  const utc = (start: string, end: string): ActiveHours => ({ start, end, timezone: 'UTC' });
  const oslo = (start: string, end: string): ActiveHours => ({ start, end, timezone: 'Europe/Oslo' });
  const cases: [string, ActiveHours | undefined, string, boolean][] = [
    ['are always where none are given', undefined, '2026-06-01T03:00:00Z', true],
    ['include their first minute', utc('08:00', '22:00'), '2026-06-01T08:00:00Z', true],
    ['exclude the minute before', utc('08:00', '22:00'), '2026-06-01T07:59:59Z', false],
    ['include the last minute before their end', utc('08:00', '22:00'), '2026-06-01T21:59:59Z', true],
    ['exclude their end', utc('08:00', '22:00'), '2026-06-01T22:00:00Z', false],
    ['may end at 24:00', utc('08:00', '24:00'), '2026-06-01T23:59:59Z', true],
    ['that end at 24:00 exclude midnight', utc('08:00', '24:00'), '2026-06-02T00:00:00Z', false],
    ['over midnight include the evening', utc('22:00', '06:00'), '2026-06-01T23:30:00Z', true],
    ['over midnight include midnight', utc('22:00', '06:00'), '2026-06-02T00:00:00Z', true],
    ['over midnight include the morning', utc('22:00', '06:00'), '2026-06-02T05:59:00Z', true],
    ['over midnight exclude the day', utc('22:00', '06:00'), '2026-06-02T06:00:00Z', false],
    ['count in their own zone', oslo('08:00', '09:00'), '2026-06-01T06:30:00Z', true],
    ['do not count in UTC', oslo('08:00', '09:00'), '2026-06-01T08:30:00Z', false],
    // On 29 March 2026 the clocks of Oslo go from 02:00 to 03:00, at 01:00 UTC.
    ['before spring’s lost hour', oslo('01:30', '03:30'), '2026-03-29T00:30:00Z', true],
    ['after spring’s lost hour', oslo('01:30', '03:30'), '2026-03-29T01:29:59Z', true],
    ['end on time after spring’s lost hour', oslo('01:30', '03:30'), '2026-03-29T01:30:00Z', false],
    ['within spring’s lost hour do not begin', oslo('02:00', '03:00'), '2026-03-29T01:00:00Z', false],
    // On 25 October 2026 they go from 03:00 back to 02:00, at 01:00 UTC.
    ['within autumn’s repeated hour, the first time', oslo('02:00', '03:00'), '2026-10-25T00:30:00Z', true],
    ['within autumn’s repeated hour, the second time', oslo('02:00', '03:00'), '2026-10-25T01:30:00Z', true],
    ['end after autumn’s repeated hour', oslo('02:00', '03:00'), '2026-10-25T02:00:00Z', false],
  ];
  it.each(cases)('%s', (_, hours, now, expected) => {
    expect(isActive(hours, Date.parse(now))).toBe(expected);
  });

  const starts: [string, ActiveHours, string, string][] = [
    ['begin a minute later', utc('11:27', '11:28'), '2026-06-01T11:26:51Z', '2026-06-01T11:27:00Z'],
    ['begin again tomorrow', utc('11:27', '11:28'), '2026-06-01T11:27:00Z', '2026-06-02T11:27:00Z'],
    ['over midnight begin in the evening', utc('22:00', '06:00'), '2026-06-01T12:00:00Z', '2026-06-01T22:00:00Z'],
    [
      'in spring’s lost hour begin after the leap',
      oslo('02:30', '09:00'),
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['in autumn begin once', oslo('02:30', '09:00'), '2026-10-24T23:00:00Z', '2026-10-25T00:30:00Z'],
    ['begin a day of 25 hours later', oslo('08:00', '09:00'), '2026-10-24T06:30:00Z', '2026-10-25T07:00:00Z'],
  ];
  it.each(starts)('%s', (_, hours, after, expected) => {
    expect(new Date(nextStart(hours, Date.parse(after))).toISOString()).toBe(new Date(expected).toISOString());
  });

  it('of the zone "local" follow the clock of the machine', () => {
    const noon = new Date(2026, 5, 1, 12).getTime();
    const local = (start: string, end: string) => ({ start, end, timezone: 'local' });
    expect(isActive(local('12:00', '12:01'), noon)).toBe(true);
    expect(isActive(local('12:01', '12:00'), noon)).toBe(false);
  });
});

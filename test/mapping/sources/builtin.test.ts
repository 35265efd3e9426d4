import { describe, expect, it } from '@jest/globals';
import { type Config, configSchema } from '../../../src/config/schema.ts';
import { InvalidEvent } from '../../../src/domain/errors.ts';
import { builtinMappings } from '../../../src/mapping/sources/builtin.ts';
import { compileSchema } from '../../../src/schema/ajv.ts';
import { actionsOf, contextOf, textOf } from '../fixtures.ts';

function act(hook: 'wake' | 'agent', payload: unknown, hooks: Partial<Config['hooks']> = {}) {
  const checked = compileSchema(configSchema, { defaults: true })({ hooks: { ...hooks } });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const resolveModel = (name: string) => {
    if (name === 'none') throw new Error('model "none" is not allowed');
    return `provider/${name}`;
  };
  const mapping = builtinMappings({
    hooks: checked.value.hooks,
    resolveModel,
    usualTools: [],
    maxTimeoutSeconds: 3600,
    workflows: new Map(),
  }).find(({ path }) => path === hook);
  if (!mapping) throw new Error(`no mapping ${hook}`);
  const context = contextOf(payload, { path: hook });
  return actionsOf(mapping, context).map((action) => ({ ...action, shown: textOf(action, context) }));
}

describe('the wake hook', () => {
  it('makes the text a line, without the blanks around it', () => {
    expect(act('wake', { text: 'Ping', mode: 'next-heartbeat' })).toEqual([
      { kind: 'wake', text: [{ path: 'text' }], wakeMode: 'next-heartbeat', shown: 'Ping' },
    ]);
    expect(act('wake', { text: '  hi\n', other: 1 })).toMatchObject([{ wakeMode: 'now', shown: 'hi' }]);
  });

  it.each([
    [{ text: ' ' }, 'text required'],
    [{}, 'text required'],
    [{ text: 5 }, 'text required'],
    [{ mode: 'bogus' }, 'text required'],
    [{ text: 'x', mode: 'bogus' }, /^mode: expected .*now.*next-heartbeat, found "bogus"$/],
    [[1, 2], /^expected an object.*, found a list$/],
    [null, /^expected an object.*, found null$/],
    ['text', /^expected an object.*, found "text"$/],
  ])('refuses %j', (payload, message) => {
    expect(() => act('wake', payload)).toThrow(InvalidEvent);
    expect(() => act('wake', payload)).toThrow(message);
  });
});

describe('the agent hook', () => {
  it('makes the whole message outside data, with every default in place', () => {
    expect(act('agent', { message: ' Do it\n', unknown: true })).toEqual([
      {
        kind: 'agent',
        message: [{ path: 'message' }],
        name: 'agent',
        sessionKey: expect.stringMatching(/^hook:[0-9a-f-]{36}$/),
        wakeMode: 'now',
        deliver: true,
        channel: 'last',
        shown: ' Do it\n',
      },
    ]);
  });

  it('takes every field', () => {
    const payload = {
      message: 'Run this',
      name: 'E\nmail',
      sessionKey: 'hook:email:msg-123',
      wakeMode: 'next-heartbeat',
      deliver: false,
      channel: 'imsg',
      to: '+15551234567',
      model: 'small',
      thinking: 'low',
      timeoutSeconds: 120,
    };
    expect(act('agent', payload)).toEqual([
      {
        ...payload,
        kind: 'agent',
        message: [{ path: 'message' }],
        name: 'E mail',
        channel: 'imessage',
        model: 'provider/small',
        shown: 'Run this',
      },
    ]);
    expect(act('agent', { message: 'x', channel: 'teams' })).toMatchObject([{ channel: 'msteams' }]);
  });

  it.each([
    [{}, 'message required'],
    [{ message: ' ' }, 'message required'],
    [{ message: 5, channel: 'sms' }, 'message required'],
    [[1, 2], /^expected an object.*, found a list$/],
    [{ message: 'x', model: '' }, /^model: expected /],
    [{ message: 'x', model: 'none' }, 'model: model "none" is not allowed'],
    [{ message: 'x', channel: 'sms' }, /^channel: expected .*whatsapp.*found "sms"$/],
    [{ message: 'x', timeoutSeconds: 0 }, /^timeoutSeconds: expected /],
    [{ message: 'x', timeoutSeconds: -1 }, /^timeoutSeconds: expected /],
    [{ message: 'x', timeoutSeconds: '5' }, /^timeoutSeconds: expected /],
    [{ message: 'x', timeoutSeconds: 1e9 }, /^timeoutSeconds: expected /],
    [{ message: 'x', deliver: 'no' }, /^deliver: expected /],
    [{ message: 'x', to: ' ' }, /^to: expected /],
    [{ message: 'x', name: 7 }, /^name: expected /],
    [{ message: 'x', sessionKey: 'main' }, /^sessionKey: "main" is the session of the owner/],
    [{ message: 'x', sessionKey: ' MAIN\n' }, /^sessionKey: "main" is the session of the owner/],
  ])('refuses %j', (payload, message) => {
    expect(() => act('agent', payload)).toThrow(InvalidEvent);
    expect(() => act('agent', payload)).toThrow(message);
  });

  it('tells several problems as details', () => {
    const refused = () => act('agent', { message: 'x', deliver: 1, to: 2 });
    expect(refused).toThrow(
      expect.objectContaining({ details: [expect.stringMatching(/^deliver: /), expect.stringMatching(/^to: /)] }),
    );
  });

  it('lets callers choose only session keys with an allowed prefix, in any case', () => {
    const hooks = { allowedSessionKeyPrefixes: ['', ' Hook:', 'team:'] };
    expect(act('agent', { message: 'x', sessionKey: 'hOOK:a' }, hooks)).toMatchObject([{ sessionKey: 'hOOK:a' }]);
    expect(act('agent', { message: 'x' }, { allowedSessionKeyPrefixes: ['team:'] })).toHaveLength(1);
    expect(act('agent', { message: 'x', sessionKey: 'any' }, { allowedSessionKeyPrefixes: [' '] })).toHaveLength(1);
    expect(() => act('agent', { message: 'x', sessionKey: 'other' }, hooks)).toThrow(
      new InvalidEvent('sessionKey must start with one of: Hook:, team:'),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { usualPolicy } from '../../src/domain/mapping.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const gateway = await tempGateway({
  agents: { defaults: { models: { 'echo/echo': {}, 'echo/other': { alias: 'other' } } } },
});
const narrow = await tempGateway({ hooks: { allowedSessionKeyPrefixes: ['hook:', ' Team: ', ''] } });

const agent = (payload: object, to = gateway) =>
  to.post('agent', { message: 'hi', deliver: false, wakeMode: 'next-heartbeat', ...payload });
const ran = async (payload: object, on = gateway) => on.ended((await agent(payload, on)).body.runId);
const idle = { queued: 0, waiting: 0, running: 0, dead: 0 };

describe('POST /hooks/wake', () => {
  it.each([
    [{ text: 'hi' }, 'now'],
    [{ text: '  hi ', mode: 'now' }, 'now'],
    [{ text: 'hi', mode: 'next-heartbeat' }, 'next-heartbeat'],
  ])('takes %j and answers with the mode and the event', async (payload, mode) => {
    const { status, body } = await gateway.post('wake', payload);
    expect({ status, body }).toEqual({ status: 200, body: { ok: true, mode, eventId: expect.any(String) } });
  });

  it.each([{}, { text: ' ' }, { text: '' }, { text: 5 }, { text: null }, { text: ['hi'] }])(
    'refuses %j: text required',
    async (payload) => {
      expect(await gateway.post('wake', payload)).toMatchObject({
        status: 400,
        body: { ok: false, code: 'invalid', error: 'text required' },
      });
    },
  );

  it.each(['bogus', '', 'NOW', 5, null])('refuses the mode %j and names those there are', async (mode) => {
    const { status, body } = await gateway.post('wake', { text: 'hi', mode });
    expect(status).toBe(400);
    expect(body.error).toMatch(/^mode: expected one of now, next-heartbeat, found /);
  });
});

describe('a field that is not used', () => {
  const step = { id: 'a', name: 'x', message: 'x' };
  const ids = { runId: expect.any(String), eventId: expect.any(String) };

  it.each([
    [
      'agent',
      { message: 'm', channelId: 'C1', agentId: 'ops' },
      { ignored: ['channelId', 'agentId'], didYouMean: { channelId: 'channel' } },
    ],
    [
      'agent',
      { message: 'm', sessionkey: 'hook:x' },
      { ignored: ['sessionkey'], didYouMean: { sessionkey: 'sessionKey' } },
    ],
    ['agent', { message: 'm', timeout: 5 }, { ignored: ['timeout'], didYouMean: { timeout: 'timeoutSeconds' } }],
    ['agent', { message: 'm', session_key: 'x', sessionKey: 'hook:x' }, { ignored: ['session_key'] }],
    ['wake', { text: 't', Mode: 'now' }, { ignored: ['Mode'], didYouMean: { Mode: 'mode' } }],
    ['wake', { text: 't', message: 'm', ['__proto__']: 1 }, { ignored: ['message', '__proto__'] }],
    [
      'workflow',
      { id: 'w', name: 'x', steps: [step, { ...step, id: 'b', timeout: 5, tool: 'bash' }], stepz: [] },
      { ignored: ['stepz', 'steps[1].timeout', 'steps[1].tool'], didYouMean: { 'steps[1].timeout': 'timeoutSeconds' } },
    ],
  ])('of /hooks/%s is named in the answer: %j', async (hook, payload, named) => {
    const { status, body } = await gateway.post(hook, payload);
    const { ok, mode, runId, workflowRunId, eventId, ...rest } = body;
    expect([status, rest]).toEqual([hook === 'wake' ? 200 : 202, named]);
    const { body: events } = await gateway.api('GET', `/events/${eventId}`);
    expect(JSON.stringify(events)).toContain('ignored');
  });

  it('is named with 19 others at most, each in 100 characters', async () => {
    const many = Array.from({ length: 500 }, (_, at) => [`x${at}${'y'.repeat(300)}`, 1]);
    const { body } = await gateway.post('agent', { message: 'm', ...Object.fromEntries(many) });
    expect(body).toEqual({ ok: true, ...ids, ignored: expect.any(Array) });
    expect(body.ignored).toHaveLength(20);
    expect(Math.max(...body.ignored.map((name: string) => name.length))).toBe(100);
  });
});

describe('POST /hooks/agent', () => {
  it('takes a message alone, and uses the defaults', async () => {
    const { status, body } = await gateway.post('agent', { message: 'hi' });
    const ids = { runId: expect.any(String), eventId: expect.any(String) };
    expect({ status, body }).toEqual({ status: 202, body: { ok: true, ...ids } });
    expect(await gateway.ended(body.runId)).toMatchObject({
      name: 'agent',
      sessionKey: expect.stringMatching(/^hook:[0-9a-f-]{36}$/),
      action: { wakeMode: 'now', deliver: true, channel: 'last' },
    });
  });

  it('takes every field that there is, and ignores others', async () => {
    const fields = {
      name: 'Email',
      sessionKey: 'hook:email:1',
      wakeMode: 'next-heartbeat',
      deliver: true,
      channel: 'telegram',
      to: '+15551234567',
      model: 'echo/other',
      thinking: 'low',
      timeoutSeconds: 120,
    };
    const run = await ran({ ...fields, tools: ['bash'], allowUnsafeExternalContent: true, message: 'Run this' });
    expect(run.action).toEqual({ kind: 'agent', message: [{ path: 'message' }], ...fields });
    expect(run).toMatchObject({ name: 'Email', sessionKey: 'hook:email:1', model: 'echo/other' });
    expect(run.policy).toEqual(usualPolicy);
  });

  it.each([{}, { message: ' ' }, { message: 7 }, { message: null }])(
    'refuses %j: message required',
    async (payload) => {
      const { status, body } = await gateway.post('agent', payload);
      expect({ status, body }).toMatchObject({ status: 400, body: { ok: false, error: 'message required' } });
    },
  );

  const cases: [object, RegExp][] = [
    [{ name: 5 }, /name/],
    [{ name: ' ' }, /name/],
    [{ sessionKey: ['a'] }, /sessionKey/],
    [{ sessionKey: 'main' }, /sessionKey: "main"/],
    [{ sessionKey: ' MAIN ' }, /sessionKey: "main"/],
    [{ wakeMode: 'later' }, /wakeMode: expected one of now, next-heartbeat, found "later"/],
    [{ deliver: 'yes' }, /deliver/],
    [
      { channel: 'sms' },
      /channel: expected one of last, whatsapp, telegram, discord, slack, mattermost, signal, imessage, msteams/,
    ],
    [{ to: '' }, /to/],
    [{ to: 5 }, /to/],
    [{ model: '' }, /model/],
    [{ model: 'gpt' }, /model/],
    [
      { model: 'anthropic/claude-opus-5-5' },
      /model: "anthropic\/claude-opus-5-5" is not allowed.*echo\/echo, echo\/other/,
    ],
    [{ thinking: 'very' }, /thinking: expected one of off, minimal, low, medium, high, max/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds/],
    [{ timeoutSeconds: -1 }, /timeoutSeconds/],
    [{ timeoutSeconds: 1.5 }, /timeoutSeconds/],
    [{ timeoutSeconds: '5' }, /timeoutSeconds/],
    [{ timeoutSeconds: 86_401 }, /timeoutSeconds/],
  ];
  it.each(cases)('refuses %j at once, says what is wrong, and queues nothing', async (payload, says) => {
    const before = (await gateway.get('runs/stats')).body.stats.total;
    const { status, body } = await agent(payload);
    expect({ status, ok: body.ok }).toEqual({ status: 400, ok: false });
    expect([body.error, ...(body.details ?? [])].join('; ')).toMatch(says);
    expect((await gateway.get('runs/stats')).body.stats.total).toBe(before);
  });

  it('says everything that is wrong at once', async () => {
    const { body } = await agent({ channel: 'sms', thinking: 'very', timeoutSeconds: 0 });
    expect(body.details).toHaveLength(3);
  });

  it.each([
    ['imsg', 'imessage'],
    ['teams', 'msteams'],
  ])('knows the channel %s as %s', async (channel, expected) => {
    expect((await ran({ channel })).action.channel).toBe(expected);
  });

  it('resolves an alias of the model', async () => {
    expect((await ran({ model: 'other' })).model).toBe('echo/other');
  });

  it.each([
    ['hook:a', 202],
    ['HOOK:a', 202],
    ['team:b', 202],
    ['other:c', 400],
    ['xhook:d', 400],
  ])('with allowedSessionKeyPrefixes, the session key %s is a %i', async (sessionKey, status) => {
    const answer = await agent({ sessionKey }, narrow);
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body.error).toBe('sessionKey must start with one of: hook:, Team:');
  });

  it('with allowedSessionKeyPrefixes, a call without a session key gets one of its own', async () => {
    expect((await ran({}, narrow)).sessionKey).toMatch(/^hook:/);
    expect(await narrow.jobs()).toEqual(idle);
  });
});

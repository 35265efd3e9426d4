import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { asItsSender, type Message } from '../../src/cli/as-its-sender.ts';
import { sampleMessage } from '../../src/cli/sample.ts';
import { presetSamples, shippedPresets } from '../../src/mapping/sources/preset.ts';
import { loadSettings } from '../../src/settings.ts';
import { presetEnv, presetVariables, secret } from '../presets/rendered.ts';
import { hookToken } from '../support/gateway.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** All that a preset needs: its name in the config and its secret in `.env`. */
const gateway = await tempGateway({ hooks: { presets: [...shippedPresets(), './doors.json5'] } }, (dir) => {
  const lines = Object.entries({ ...presetEnv, DOOR_SECRET: 'secret of the doors' });
  fs.writeFileSync(path.join(dir, '.env'), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
  fs.writeFileSync(
    path.join(dir, 'doors.json5'),
    `{
      description: 'two hooks',
      verify: { scheme: 'stripe', secret: '\${DOOR_SECRET}' },
      mappings: [
        { id: 'front', match: { path: 'front', payload: { door: 'front' } }, messageTemplate: 'Open {{door}}' },
        { id: 'back', match: { path: 'back' }, messageTemplate: 'Open {{door}}' },
      ],
      samples: { back: { body: { door: 'back' } }, front: { body: { door: 'front' } } },
    }`,
  );
});
const settings = await loadSettings(gateway.configFile, {}, pino({ level: 'silent' }));
await settings.transforms.close();

async function post({ hook, headers, body }: Omit<Message, 'body'> & { body: string | Buffer }) {
  const response = await fetch(`${gateway.url}/hooks/${hook}`, { method: 'POST', headers, body: body as string });
  return { status: response.status, text: await response.text() };
}

/** Byte for byte as `gimli send` sends it. */
const sent = (preset: string, sample?: string) => asItsSender(settings, sampleMessage(settings, preset, sample));
const token = { authorization: `Bearer ${hookToken}` };

// A good token clears the failures of the tests before.
beforeEach(() => gateway.get('runs/stats'));

describe.each(shippedPresets())('%s', (preset) => {
  it.each(Object.keys(presetSamples(preset).samples))('takes its sample %s as its sender sends it', async (sample) => {
    const answer = await post(sent(preset, sample));
    expect(answer.status).toBe(202);
    const { eventId } = JSON.parse(answer.text);
    const { event } = (await gateway.api('GET', `/events/${eventId}`)).body;
    expect(event).toMatchObject({ hook: preset, outcome: 'accepted' });
    expect(event.mapping).toMatch(new RegExp(`^${preset}[:[]`));
  });
});

describe.each(Object.keys(presetVariables))('%s', (preset) => {
  it('refuses a call of which one byte is another, and one with the hook token alone', async () => {
    const message = sent(preset);
    const flipped = Buffer.from(message.body);
    flipped[flipped.length - 2] = (flipped.at(-2) ?? 0) ^ 1;
    expect((await post({ ...message, body: flipped })).status).toBe(401);
    const { headers } = sampleMessage(settings, preset);
    expect((await post({ ...message, headers: { ...headers, ...token } })).status).toBe(401);
    expect((await post(message)).status).toBe(202);
  });
});

it('gmail takes the hook token, and nothing without it', async () => {
  const message = sent('gmail');
  expect(message.headers).toEqual(token);
  expect((await post({ ...message, headers: {} })).status).toBe(401);
});

it('slack has its Request URL confirmed', async () => {
  const body = JSON.stringify({ token: 'XXYYZZ', challenge: '3eZbrw1aB', type: 'url_verification' });
  expect(await post(asItsSender(settings, { hook: 'slack', headers: {}, body }))).toEqual({
    status: 200,
    text: '3eZbrw1aB',
  });
});

it('a sample goes to the hook whose mapping takes it, by the name of its preset or of a hook', async () => {
  const hooks = [sent('doors'), sent('doors', 'front'), sent('front', 'back'), sent('back', 'front')];
  expect(hooks.map(({ hook }) => hook)).toEqual(['back', 'front', 'back', 'front']);
  for (const message of hooks) expect((await post(message)).status).toBe(202);
});

it('secrets get into no log, no answer of the API and no file but .env', async () => {
  const { events } = (await gateway.api('GET', '/events?limit=100')).body;
  const shown = await Promise.all(
    events.map(({ eventId }: { eventId: string }) => gateway.api('GET', `/events/${eventId}`)),
  );
  const { body: refused } = await gateway.api('GET', '/refused');
  expect(refused.refused.length).toBeGreaterThan(0);
  const files = (fs.readdirSync(gateway.dir, { recursive: true, withFileTypes: true }) as fs.Dirent[])
    .filter((file) => file.isFile() && file.name !== '.env')
    .map((file) => fs.readFileSync(path.join(file.parentPath, file.name)));
  expect(files.length).toBeGreaterThan(2);
  const all = [JSON.stringify([events, shown, refused, gateway.logs]), ...files];
  for (const place of all) for (const text of [secret, 'secret of the doors']) expect(place.includes(text)).toBe(false);
});

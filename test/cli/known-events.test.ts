import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { asItsSender } from '../../src/cli/as-its-sender.ts';
import { warningsByEvents } from '../../src/cli/known-events.ts';
import { sampleMessage } from '../../src/cli/sample.ts';
import { loadSettings, type Settings } from '../../src/settings.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const rule = (id: string, more: object) => ({
  id,
  match: { path: id },
  deliver: false,
  wakeMode: 'next-heartbeat',
  ...more,
});

async function settingsOf(configFile: string, env: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const settings = await loadSettings(configFile, env, pino({ level: 'silent' }));
  await settings.transforms.close();
  return settings;
}

/** What `check` says of a gateway's mappings by its events, without the folder and the line. */
async function warned(configFile: string): Promise<string[]> {
  return (await warningsByEvents(await settingsOf(configFile))).map((line) =>
    line.replace(/^.*gimli\.json5:\d+: /, ''),
  );
}

it('a placeholder that no event of its hook has filled is told of, with the name that was probably meant', async () => {
  const gateway = await tempGateway({
    hooks: {
      mappings: [
        rule('one', { messageTemplate: 'x {{isue.title}} {{issue.title}}', name: '{{issue.usr.login}}' }),
        rule('many', {
          messageTemplate:
            '{{a.b}} {{c}}{{^c}}none{{/c}} {{#lst}}{{x}}{{/lst}} {{#opt}}{{y}}{{/opt}} {{#list}}{{id}} {{nme}}{{/list}}{{list[7].id}} {{headers.x-none}}',
        }),
        rule('each', { forEach: 'rows', messageTemplate: '{{rows[0].id}} {{rows[0].idd}}' }),
        rule('steps', {
          action: 'workflow',
          steps: [
            { id: 'a', message: '{{ok}}' },
            { id: 'b', message: '{{steps.a.outputText}} {{nok}}' },
          ],
        }),
        rule('quiet', { messageTemplate: 'x {{nothing}}' }),
      ],
    },
  });
  await gateway.post('one', { issue: { title: 't', user: { login: 'l' } } });
  await gateway.post('many', { a: null, list: [{ id: 1 }, { id: 2, name: 'n' }] });
  await gateway.post('many', { a: { b: 1 }, list: [] });
  await gateway.post('each', { rows: [{ id: 1 }, { id: 2 }] });
  await gateway.post('steps', { ok: 1 });
  expect(await warned(gateway.configFile)).toEqual([
    'hooks.mappings[0].messageTemplate: {{isue.title}} never had a value in the last event of this hook; did you mean issue.title?',
    'hooks.mappings[0].name: {{issue.usr.login}} never had a value in the last event of this hook; did you mean issue.user.login?',
    'hooks.mappings[1].messageTemplate: {{list[7].id}} never had a value in the last 2 events of this hook; did you mean list[0].id?',
    'hooks.mappings[1].messageTemplate: {{headers.x-none}} never had a value in the last 2 events of this hook',
    'hooks.mappings[1].messageTemplate: {{#lst}} never had a value in the last 2 events of this hook; did you mean list?',
    'hooks.mappings[1].messageTemplate: {{nme}} never had a value in the last 2 events of this hook',
    'hooks.mappings[2].messageTemplate: {{rows[0].idd}} never had a value in the last event of this hook; did you mean rows[0].id?',
    'hooks.mappings[3].steps[1].message: {{nok}} never had a value in the last event of this hook; did you mean ok?',
  ]);
});

it('no more than the last 50 events count, and only those that the mapping takes', async () => {
  const mapping = rule('door', { match: { path: 'door', payload: { kind: 'a' } }, messageTemplate: 'x {{old}}' });
  const gateway = await tempGateway({ hooks: { mappings: [mapping] } });
  const post = (payload: object) => gateway.post('door', payload);
  await post({ kind: 'a', old: 1 });
  for (let n = 0; n < 49; n += 1) await post({ kind: 'b', n });
  expect(await warned(gateway.configFile)).toEqual([]);
  await post({ kind: 'a', n: 1 });
  await post({ kind: 'a', n: 2 });
  expect(await warned(gateway.configFile)).toEqual([
    expect.stringMatching(/^hooks\.mappings\[0\]\.messageTemplate: \{\{old\}\} never had a value in the last 2 events/),
  ]);
});

it('a mapping that fits none of the events at its hook is told so, where nothing else takes them', async () => {
  const mapping = rule('door', { match: { path: 'door', payload: { knd: 'a' } }, messageTemplate: 'x' });
  const gateway = await tempGateway({ hooks: { mappings: [mapping] } });
  await gateway.post('door', { kind: 'a' });
  const line =
    'hooks.mappings[0].match: fits nothing of the last event of this hook; the first: match.payload.knd: wanted "a", found nothing';
  expect(await warned(gateway.configFile)).toEqual([line]);
  gateway.writeConfig({ hooks: { mappings: [mapping, rule('door', { id: 'rest', messageTemplate: 'y' })] } });
  await gateway.gimli.reload();
  await gateway.post('door', { kind: 'a' });
  expect(await warned(gateway.configFile)).toEqual([]);
});

it('an own preset is held against its samples', async () => {
  const dir = tempDir();
  const preset = {
    description: 'x',
    mappings: [
      { match: { path: 'shop', payload: { kind: 'sold' } }, messageTemplate: '{{itm}} {{item}}' },
      { match: { path: 'shop', payload: { kind: 'gone' } }, messageTemplate: 'x' },
    ],
    samples: { sold: { body: { kind: 'sold', item: 'x' } } },
  };
  fs.writeFileSync(path.join(dir, 'shop.json5'), JSON.stringify(preset));
  const configFile = path.join(dir, 'gimli.json5');
  const hooks = { enabled: true, token: 't', presets: ['./shop.json5'] };
  fs.writeFileSync(configFile, JSON.stringify({ hooks, store: { url: 'sqlite:./none/there.db' } }));
  expect(
    (await warningsByEvents(await settingsOf(configFile))).map((line) => line.replace(/^.*shop\.json5:\d+: /, '')),
  ).toEqual([
    'mappings[0].messageTemplate: {{itm}} never had a value in the one sample of this preset; did you mean item?',
    'mappings[1].match: fits nothing of the one sample of this preset; the first: match.payload.kind: wanted "gone", found "sold"',
  ]);
  expect(fs.existsSync(path.join(dir, 'none'))).toBe(false);
});

it('a sample of a preset is proved as its service does, also where an own mapping before it asks for less', async () => {
  const configFile = path.join(tempDir(), 'gimli.json5');
  const own = { match: { path: 'github' }, messageTemplate: '{{action}}' };
  fs.writeFileSync(
    configFile,
    JSON.stringify({ hooks: { enabled: true, token: 't', presets: ['github'], mappings: [own] } }),
  );
  const settings = await settingsOf(configFile, { GITHUB_WEBHOOK_SECRET: 'It is a secret to all' });
  const sent = asItsSender(settings, sampleMessage(settings, 'github', 'issues'), true);
  expect(Object.keys(sent.headers)).toContain('x-hub-signature-256');
  expect(sent.headers.authorization).toBeUndefined();
});

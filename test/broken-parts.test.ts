import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from './support/eventually.ts';
import type { TestGateway } from './support/gateway.ts';
import { tempGateway } from './support/temp-gateway.ts';

const good = { match: { path: 'good' }, messageTemplate: 'Good' };
const below = { match: { path: 'door' }, messageTemplate: 'Below' };
const mended = { id: 'door', match: { path: 'door' }, messageTemplate: 'Mended' };
const preset = (template: string) =>
  `{ description: 'Doors', samples: {}, mappings: [{ match: { path: 'door' }, messageTemplate: ${template} }] }`;

interface Case {
  readonly hooks?: object;
  readonly more?: object;
  readonly files?: Record<string, string>;
  /** the parts that do not load, as kind and id */
  readonly broken: readonly string[];
  readonly mend: (gateway: TestGateway, file: (name: string, text: string) => void) => void;
}

const hooksOf = (rule: object, more: object = {}) => ({ hooks: { mappings: [good, rule, below], ...more } });
const rewrite = (gateway: TestGateway) => gateway.writeConfig(hooksOf(mended));
const transformed = { id: 'door', match: { path: 'door' }, messageTemplate: 'x', transform: { module: 'door.ts' } };
const steps = (message: string) => [{ id: 'a', message }];
const byWorkflow = { id: 'door', match: { path: 'door' }, action: 'workflow', workflow: 'chain' };

const cases: [what: string, Case][] = [
  [
    'a mapping with a bad template',
    { ...hooksOf({ ...mended, messageTemplate: '{{#x}}' }), broken: ['mapping door'], mend: rewrite },
  ],
  [
    'a mapping with a bad pattern',
    {
      ...hooksOf({ ...mended, match: { path: 'door', payload: { x: { regex: '(' } } } }),
      broken: ['mapping door'],
      mend: rewrite,
    },
  ],
  [
    'a mapping with an unknown key',
    { ...hooksOf({ ...mended, mesage: 'x' }), broken: ['mapping door'], mend: rewrite },
  ],
  [
    'a mapping with a value of the wrong type',
    { ...hooksOf({ ...mended, timeoutSeconds: 'x' }), broken: ['mapping door'], mend: rewrite },
  ],
  [
    'a mapping with a variable that is not set',
    {
      ...hooksOf({ ...mended, name: '${NOT_SET}' }),
      broken: ['mapping door'],
      mend: (_, file) => file('.env', 'NOT_SET=x\n'),
    },
  ],
  [
    'a mapping with no name',
    { ...hooksOf({ ...mended, id: undefined, x: 1 }), broken: ['mapping config[1]'], mend: rewrite },
  ],
  [
    'a transform that is no JavaScript',
    {
      ...hooksOf(transformed),
      files: { 'transforms/door.ts': 'export default (' },
      broken: ['mapping door', 'transform door.ts'],
      mend: (_, file) => file('transforms/door.ts', 'export default () => ({})'),
    },
  ],
  [
    'a transform whose import is missing',
    {
      ...hooksOf(transformed),
      files: { 'transforms/door.ts': "import './none.ts'; export default () => ({});" },
      broken: ['mapping door', 'transform door.ts'],
      mend: (_, file) => file('transforms/none.ts', 'export {};'),
    },
  ],
  [
    'a transform that does not export what is asked for',
    {
      ...hooksOf(transformed),
      files: { 'transforms/door.ts': 'export const x = 1;' },
      broken: ['mapping door', 'transform door.ts'],
      mend: (_, file) => file('transforms/door.ts', 'export default () => ({})'),
    },
  ],
  [
    'a preset file that is no JSON5',
    {
      hooks: { mappings: [good], presets: ['./door.json5'] },
      files: { 'door.json5': '{ description: ' },
      broken: ['preset door'],
      mend: (_, file) => file('door.json5', preset("'x'")),
    },
  ],
  [
    'a preset file with a bad mapping',
    {
      hooks: { mappings: [good], presets: ['./doors.json5'] },
      files: { 'doors.json5': preset("'{{#x}}'") },
      broken: ['preset doors'],
      mend: (_, file) => file('doors.json5', preset("'x'")),
    },
  ],
  [
    'a preset file that is not there',
    {
      hooks: { mappings: [good], presets: ['./door.json5'] },
      broken: ['preset door'],
      mend: (_, file) => file('door.json5', preset("'x'")),
    },
  ],
  [
    'settings of a preset that are wrong',
    {
      hooks: { mappings: [good], presets: ['./doors.json5'], doors: { timeoutSeconds: 'x' } },
      files: { 'doors.json5': preset("'x'") },
      broken: ['preset doors'],
      mend: (gateway) => gateway.writeConfig({ hooks: { mappings: [good], presets: ['./doors.json5'] } }),
    },
  ],
  [
    'a workflow with a bad message',
    {
      ...hooksOf(byWorkflow),
      more: { workflows: { chain: { steps: steps('{{steps.none.outputText}}') } } },
      broken: ['workflow chain', 'mapping door'],
      mend: (gateway) => gateway.writeConfig({ ...hooksOf(byWorkflow), workflows: { chain: { steps: steps('x') } } }),
    },
  ],
  [
    'a workflow with an unknown key',
    {
      ...hooksOf(byWorkflow),
      more: { workflows: { chain: { steps: steps('x'), stps: 1 } } },
      broken: ['workflow chain', 'mapping door'],
      mend: (gateway) => gateway.writeConfig({ ...hooksOf(byWorkflow), workflows: { chain: { steps: steps('x') } } }),
    },
  ],
  [
    'an MCP server without a command',
    {
      ...hooksOf({ ...mended, tools: ['mcp:files'] }),
      more: { agents: { mcpServers: { files: { args: [] } } } },
      broken: ['mcp files', 'mapping door'],
      mend: (gateway) =>
        gateway.writeConfig({
          ...hooksOf({ ...mended, tools: ['mcp:files'] }),
          agents: { mcpServers: { files: { command: 'true' } } },
        }),
    },
  ],
];

it.each(cases)('%s answers 503 alone, and its events can be replayed once it is mended', async (_, one) => {
  let dir = '';
  const file = (name: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  };
  const gateway = await tempGateway({ hooks: one.hooks, ...one.more }, (made) => {
    dir = made;
    for (const [name, text] of Object.entries(one.files ?? {})) file(name, text);
  });
  const { broken } = gateway.gimli.settings();
  expect(broken.map(({ kind, id }) => `${kind} ${id}`).toSorted()).toEqual(one.broken.toSorted());
  for (const { problems } of broken) expect(problems.length).toBeGreaterThan(0);
  const told = gateway.logs.filter(({ msg }) => /does not load and is left out/.test(String(msg)));
  expect(told).toHaveLength(broken.length);

  expect((await gateway.post('good', {})).status).toBe(202);
  expect((await gateway.post('agent', { message: 'x' })).status).toBe(202);
  const answer = await gateway.post('door', { a: 1 });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
  await gateway.post('door', { a: 2 });
  const { events } = (await gateway.api('GET', '/events?hook=door')).body;
  expect(events).toMatchObject([
    { outcome: 'failed', status: 503 },
    { outcome: 'failed', status: 503 },
  ]);
  expect(events[0].detail).toMatch(/^the \w+ "[^"]+" does not load: /);
  expect(gateway.logs.filter(({ msg }) => /^calls come for what does not load/.test(String(msg)))).toHaveLength(1);

  one.mend(gateway, file);
  await eventually(() => gateway.gimli.settings().broken.length === 0);
  const replayed = await gateway.api('POST', `/events/${events[0].eventId}/replay`);
  expect(replayed.body).toMatchObject({ outcome: 'accepted', status: 202 });
  expect((await gateway.post('door', {})).status).toBe(202);
});

it('a mapping whose proof cannot be read refuses its senders with 503, and lets nobody in by the hook token', async () => {
  const rule = {
    id: 'door',
    match: { path: 'door' },
    messageTemplate: 'x',
    verify: { scheme: 'github', secret: '${NOT_SET}' },
  };
  const gateway = await tempGateway(hooksOf(rule, { mappings: [good, rule] }));
  for (const headers of [{}, { 'x-hub-signature-256': 'sha256=00', Authorization: '' }]) {
    const answer = await gateway.post('door', {}, headers);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
  }
  expect((await gateway.api('GET', '/events?hook=door')).body.events).toEqual([]);
  const { refused } = (await gateway.api('GET', '/refused')).body;
  expect(refused).toMatchObject([
    { hook: 'door', status: 503, step: 'does not load', detail: expect.stringMatching(/NOT_SET is not set/) },
    { hook: 'door', status: 503 },
  ]);
  // Nor does a sender without a proof count as one who guesses.
  for (let call = 0; call < 30; call += 1) await gateway.post('door', {}, { Authorization: '' });
  expect((await gateway.post('good', {})).status).toBe(202);
});

it('a slip for verify is taken for one: nobody gets in by the hook token instead', async () => {
  const rule = { match: { path: 'door' }, messageTemplate: 'x', verfy: { scheme: 'github', secret: 's' } };
  const gateway = await tempGateway({ hooks: { mappings: [rule] } });
  expect((await gateway.post('door', {})).status).toBe(503);
  expect((await gateway.api('GET', '/events?hook=door')).body.events).toEqual([]);
});

it('a mapping that does not load keeps its proof where that can be read', async () => {
  const verify = { scheme: 'token', header: 'x-token', secret: 'a-secret' };
  const rule = { id: 'door', match: { path: 'door' }, messageTemplate: '{{#x}}', verify };
  const gateway = await tempGateway({ hooks: { mappings: [rule] } });
  expect((await gateway.post('door', {})).status).toBe(401);
  expect((await gateway.post('door', {}, { 'x-token': 'a-secret' })).status).toBe(503);
  expect((await gateway.api('GET', '/events?hook=door')).body.events).toHaveLength(1);
});

it('a shipped preset without its secret is left out alone', async () => {
  const gateway = await tempGateway({ hooks: { presets: ['github'], mappings: [good] } });
  expect((await gateway.post('github', {}, { 'x-github-event': 'push' })).status).toBe(503);
  expect((await gateway.post('good', {})).status).toBe(202);
  expect(gateway.gimli.settings().broken).toMatchObject([{ kind: 'preset', id: 'github', hook: 'github' }]);
});

it('a mapping that does not load takes only the events that it would have taken', async () => {
  const match = { path: 'door', payload: { kind: 'bell' } };
  const gateway = await tempGateway(hooksOf({ id: 'bell', match, messageTemplate: '{{#x}}' }));
  expect((await gateway.post('door', { kind: 'bell' })).status).toBe(503);
  expect((await gateway.post('door', { kind: 'knock' })).status).toBe(202);
});

it('a key that Gimli does not know is a warning where it can do no harm', async () => {
  const gateway = await tempGateway({ agents: { defaults: { foo: 1 } }, log: { colour: true } });
  expect(gateway.gimli.settings().broken).toMatchObject([
    { kind: 'setting', id: 'agents.defaults.foo', problems: [expect.stringMatching(/foo: unknown key/)] },
    { kind: 'setting', id: 'log.colour' },
  ]);
});

const refused: [what: string, config: object, problem: RegExp][] = [
  ['hooks.enabled', { hooks: { enabeld: true } }, /hooks\.enabeld/],
  ['gateway', { gateway: { tokn: 'x' } }, /gateway\.tokn/],
  ['a slip for gateway', { gatway: {} }, /gatway/],
  ['the budget', { agents: { defaults: { budgt: { perDay: 1 } } } }, /budgt/],
  [
    'the default tools',
    { agents: { defaults: { tools: ['mcp:files'] }, mcpServers: { files: {} } } },
    /mcp server "files"/i,
  ],
  ['screening', { screening: { onError: 'x' } }, /screening\.onError/],
  ['the store', { store: { url: '${NOT_SET}' } }, /NOT_SET/],
];
it.each(refused)('is refused at the start, since it would not be safe: %s', async (_, config, problem) => {
  await expect(tempGateway(config)).rejects.toThrow(problem);
});

it('a provider that does not load is left out alone: its runs wait, and its mappings stay', async () => {
  const gateway = await tempGateway({
    hooks: { mappings: [{ ...mended, model: 'local/x' }] },
    agents: { providers: { local: { api: 'openai-chat' } } },
  });
  expect(gateway.gimli.settings().broken).toMatchObject([{ kind: 'provider', id: 'local' }]);
  const { status, body } = await gateway.post('door', {});
  expect(status).toBe(202);
  const run = await eventually(async () => {
    const shown = (await gateway.api('GET', `/runs/${body.runId}`)).body.run;
    return shown.error ? shown : undefined;
  });
  expect(run.error).toMatch(/agents\.providers\.local does not load/);
});

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { loadSettings } from '../../../src/settings.ts';
import { tempDir } from '../../support/temp-dir.ts';

const root = tempDir();

/** The warnings about a config, without the names of folders; those about where replies go only where they are asked for. */
async function warningsOf(text: string, { channels = false, env = {} } = {}): Promise<string[]> {
  const dir = fs.mkdtempSync(path.join(root, 'config-'));
  fs.writeFileSync(path.join(dir, 'gimli.json5'), text);
  const settings = await loadSettings(path.join(dir, 'gimli.json5'), env, pino({ level: 'silent' }));
  await settings.transforms.close();
  const lines = settings.hints.map((line) => line.replace(/^\/\S*\//, ''));
  return lines.filter((line) => channels || !line.includes('channels.owner: missing'));
}

/** A config whose mappings begin in line 2. */
const mappings = (rules: string, more = '') =>
  `{ hooks: { enabled: true, token: 't', ${more} mappings: [\n${rules}\n] } }`;
const warningsOfRules = (rules: string) => warningsOf(mappings(rules));

const wake = (more: string) => `{ action: 'wake', textTemplate: 'x', ${more} }`;
const template = (text: string, more = '') =>
  `{ match: { path: 'p' }, messageTemplate: ${JSON.stringify(text)}, ${more} }`;

describe('a mapping that cannot be reached is told so:', () => {
  it.each([
    ['/hooks/door', 'is served at /hooks/hooks/door; expected the name alone: "door"'],
    ['hooks/door/', 'is served at /hooks/hooks/door; expected the name alone: "door"'],
    ['https://example.org/hooks/door', 'is taken for a name, not for an address; expected what follows /hooks/'],
    ['a*', '"a*" is a name and no pattern; leave the path out to take every hook, or write a mapping for each name'],
    [
      'repo/:name',
      '"repo/:name" is a name and no pattern; leave the path out to take every hook, or write a mapping for each name',
    ],
    [
      '^door$',
      '"^door$" is a name and no pattern; leave the path out to take every hook, or write a mapping for each name',
    ],
    ['door?x=1', '"door?x=1" is no name: what follows ? or # in a URL is not part of its path'],
    [' door', '" door" has blanks at an end, which the URL would need as well'],
    ['front%20door', 'names are compared as the URL means them: expected "front door"'],
    ['100%', 'names are compared as the URL means them: expected "100"'],
    ['../door', '"../door" is resolved by whoever calls, so that no call has this name'],
    ['/', 'no URL has an empty name; leave it out to take every hook'],
  ])('the path %j', async (name, message) => {
    expect(await warningsOfRules(wake(`match: { path: ${JSON.stringify(name)} }`))).toEqual([
      `gimli.json5:2: hooks.mappings[0].match.path: ${message}`,
    ]);
  });

  it.each(['door', '/door/', 'front door', 'a/b', 'hooksy/door', 'Tür'])('but not the path %j', async (name) => {
    expect(await warningsOfRules(wake(`match: { path: ${JSON.stringify(name)} }`))).toEqual([]);
  });

  it.each([
    ['below a catch-all', `id: 'top'`, `match: { path: 'p' }`],
    ['below one of its own path', `id: 'top', match: { path: '/p/' }`, `match: { path: 'p', payload: { a: 1 } }`],
    [
      'below an equal one',
      `id: 'top', match: { path: 'p', source: 'x' }`,
      `match: { path: 'p', payload: { source: 'x' } }`,
    ],
    [
      'below a wider list',
      `id: 'top', match: { payload: { 'a.0': ['x', 'y'] } }`,
      `match: { path: 'p', payload: { 'a[0]': 'x' } }`,
    ],
    [
      'below a pattern that its literals fit',
      `id: 'top', match: { headers: { 'X-A': { regex: '^v' } } }`,
      `match: { path: 'p', headers: { 'x-a': ['v1', 'v2'] } }`,
    ],
  ])('%s', async (_title, above, below) => {
    expect(await warningsOfRules(`${wake(above)},\n${wake(below)}`)).toEqual([
      'gimli.json5:3: hooks.mappings[1]: can never be reached: top, which is tried before it, takes all that this one would (line 2)',
    ]);
  });

  it.each([
    ['of another path', `match: { path: 'q' }`, `match: { path: 'p' }`],
    ['for other events', `match: { path: 'p', payload: { a: 1 } }`, `match: { path: 'p' }`],
    [
      'for events that overlap',
      `match: { path: 'p', payload: { a: [1, 2] } }`,
      `match: { path: 'p', payload: { a: [2, 3] } }`,
    ],
    [
      'for callers with another proof',
      `match: { path: 'p' }, verify: { scheme: 'github', secret: 'abcdefghijklmnop' }`,
      `match: { path: 'q' }`,
    ],
    ['that the names of built-ins are kept from', `id: 'top'`, `match: { path: 'agent' }`],
  ])('but not below one %s', async (_title, above, below) => {
    expect(await warningsOfRules(`${wake(above)},\n${wake(below)}`)).toEqual([]);
  });

  it('a preset all of whose events an own mapping takes, and only then', async () => {
    const hidden = 'nothing reaches the preset "gmail": all, which is tried before it, takes all that it would';
    const ofPreset = `presets: ['gmail'],`;
    expect(await warningsOf(mappings(wake(`id: 'all'`), ofPreset))).toEqual([
      `gimli.json5:1: hooks.presets[0]: ${hidden}`,
    ]);
    expect(await warningsOf(mappings(wake(`match: { path: 'gmail', source: 'me' }`), ofPreset))).toEqual([]);
  });

  it('one for the hook token at the path of a preset whose service signs', async () => {
    const text = mappings(wake(`match: { path: 'github' }`), `presets: ['github'],`);
    expect(await warningsOf(text, { env: { GITHUB_WEBHOOK_SECRET: 'It is a secret to all' } })).toEqual([
      'gimli.json5:2: hooks.mappings[0].match.path: takes only calls with the hook token: calls that are proved by verify (github) go past it to the preset of github:push; give this one the same verify, or another path',
    ]);
  });

  it('every one where hooks are not switched on, unless that is said', async () => {
    const said = (enabled: string) =>
      `{ hooks: { token: 't', ${enabled}\nmappings: [${wake('')}], presets: ['gmail'] } }`;
    const message = 'missing, so no hook is served and hooks.mappings and hooks.presets have no effect; expected true';
    expect((await warningsOf(said('')))[0]).toBe(`gimli.json5:1: hooks.enabled: ${message}`);
    expect(String(await warningsOf(said('enabled: false,')))).not.toContain('hooks.enabled');
    expect(await warningsOf('{ hooks: {} }')).toEqual([]);
  });
});

describe('a condition that cannot hold is told so:', () => {
  it.each([
    [`headers: { 'x y': 'a' }`, '.headers["x y"]', 'no header has such a name'],
    [`headers: { 'x-a:': 'a' }`, '.headers["x-a:"]', 'no header has such a name'],
    [
      `headers: { Authorization: 'a' }`,
      '.headers.Authorization',
      'this header is a secret of the sender, and never comes to a condition',
    ],
    [`headers: { n: [5, true] }`, '.headers.n', 'never fits: a header is text; expected "5" or "true"'],
    [`headers: { n: 'a ' }`, '.headers.n', 'never fits: the value of a header has no blanks at its ends'],
    [
      `payload: { 'payload.a': 1 }`,
      '.payload["payload.a"]',
      'looks for a field named payload in the body; where it has none, write "a"',
    ],
    [
      `payload: { v: { regex: '/^v/' } }`,
      '.payload.v',
      'the slashes are part of the pattern; expected "^v" (where slashes are meant, write [/])',
    ],
    [
      `payload: { v: { regex: '/v/i' } }`,
      '.payload.v',
      'the slashes are part of the pattern, and flags such as "i" cannot be given so; expected "v" (where slashes are meant, write [/])',
    ],
    [`source: '{{source}}'`, '.source', '"{{source}}" is taken as it stands: a condition is no template'],
    [`payload: { v: '*' }`, '.payload.v', `"*" is taken as it stands; a pattern is {regex: '…'}`],
    [`payload: { v: ['a', '^b'] }`, '.payload.v', `"^b" is taken as it stands; a pattern is {regex: '…'}`],
    [`payload: { source: 'b' }, source: 'a'`, '.payload.source', 'never fits: source wants another value of the same'],
    [`headers: { 'X-A': 'a', 'x-a': 'b' }`, '.headers.x-a', 'never fits: headers.X-A wants another value of the same'],
  ])('%s', async (match, at, message) => {
    expect(await warningsOfRules(wake(`match: { path: 'p', ${match} }`))).toEqual([
      `gimli.json5:2: hooks.mappings[0].match${at}: ${message}`,
    ]);
  });

  it.each([
    [String.raw`regex: '^v\d'`, String.raw`\d in a string is "d", without its backslash; expected \\d`],
    [String.raw`regex: '1\.2'`, String.raw`\. in a string is ".", without its backslash; expected \\.`],
    [String.raw`regex: '\bfoo'`, String.raw`\b in a string is a backspace, without its backslash; expected \\b`],
  ])('%s, of which JSON5 eats the backslash', async (condition, message) => {
    expect(await warningsOfRules(wake(`match: { path: 'p', payload: { v: { ${condition} } } }`))).toEqual([
      `gimli.json5:2: hooks.mappings[0].match.payload.v.regex: ${message}`,
    ]);
  });

  it('the same in the pattern of a schema, in its keys, and in any other string', async () => {
    const text = String.raw`{ action: 'wake', match: { path: 'p' }, schema: { properties: { a: { pattern: '^\d' } },
      patternProperties: { '^\w': {} } },
      textTemplate: 'a\*b' },
      { action: 'wake', match: { path: 'q' }, textTemplate: '\\d \u00e4 \n \b \' \
      c' }`;
    const found = (await warningsOfRules(text)).map((line) => line.replace(/ in a string.*/, ''));
    expect(found).toEqual([
      String.raw`gimli.json5:2: hooks.mappings[0].schema.properties.a.pattern: \d`,
      String.raw`gimli.json5:3: hooks.mappings[0].schema.patternProperties["^w"]: \w`,
      String.raw`gimli.json5:4: hooks.mappings[0].textTemplate: \*`,
    ]);
  });

  it.each([
    String.raw`payload: { v: { regex: '^v\\d/$' } }`,
    `payload: { v: null, w: '', x: 'a|b', y: 'C$ is 5', z: 'US$' }, headers: { 'x-a': null, n: ['5', 5] }`,
  ])('but not %s', async (match) => {
    expect(await warningsOfRules(wake(`match: { path: 'p', ${match} }`))).toEqual([]);
  });
});

describe('a placeholder that nothing fills is told so:', () => {
  it.each([
    ['At {where}', '{where} is shown as it stands; a value is {{where}}'],
    [
      '{% if x %}a{% endif %}',
      '{% if x %} is shown as it stands; mustache has {{#name}}…{{/name}} and {{^name}}…{{/name}}',
    ],
    ['<%= x %>', '<%= x %> is shown as it stands; a value is {{name}}'],
    [
      '{{x | upper}}',
      '{{x | upper}} is looked up as one name: mustache has no filters, functions or operators; a transform can',
    ],
    [
      '{{upper x}}',
      '{{upper x}} is looked up as one name: mustache has no filters, functions or operators; a transform can',
    ],
    [
      '{{x.trim()}}',
      '{{x.trim()}} is looked up as one name: mustache has no filters, functions or operators; a transform can',
    ],
    [
      '{{x ?? y}}',
      '{{x ?? y}} is looked up as one name: mustache has no filters, functions or operators; a transform can',
    ],
    ['{{#x}}a{{else}}b{{/x}}', '{{else}} is looked up as a name; the other case is {{^name}}…{{/name}}'],
    [
      '{{#xs}}{{this.id}}{{/xs}}',
      '{{this.id}} is looked up as a name; a value is {{name}}, the element of a section {{.}}',
    ],
    ['{{$json.id}}', '{{$json.id}} is looked up as a name; a value is {{name}}, the element of a section {{.}}'],
    [
      '{{{headers.Authorization}}}',
      '{{{headers.Authorization}}} never has a value: this header is a secret of the sender, and is not shown',
    ],
    [
      '{{ headers.cookie }}',
      '{{ headers.cookie }} never has a value: this header is a secret of the sender, and is not shown',
    ],
    ...['project_key', 'api_key', 'token', 'session_id', 'filter.password'].map((name): [string, string] => [
      `{{query.${name}}}`,
      `{{query.${name}}} never has a value: a parameter with the name "${name.replace('filter.', '')}" is taken for a secret of the sender, and is not shown; send it by another name, or in the body`,
    ]),
  ])('%s', async (text, message) => {
    expect(await warningsOfRules(template(text))).toEqual([
      `gimli.json5:2: hooks.mappings[0].messageTemplate: ${message}`,
    ]);
  });

  it.each([
    '{{Are you coming?}} {{Price (EUR)}} {{date of birth}}',
    'PUT /orders/{id} for {{id}}',
    'Answer with {"id": {{id}}}',
  ])('but not in %s', async (text) => {
    expect(await warningsOfRules(template(text))).toEqual([]);
  });

  it.each([
    ['{{item.id}}', '{{item.id}} is a field of the payload; the element at hand is {{items[0].id}}'],
    ['{{element}}', '{{element}} is a field of the payload; the element at hand is {{items[0]}}'],
    ['{{items.id}}', '{{items.id}} never has a value: the element at hand is {{items[0].id}}'],
    ['{{payload.items[1].id}}', '{{payload.items[1].id}} never has a value: the element at hand is {{items[0].id}}'],
  ])('%s where one action is made for each of the items', async (text, message) => {
    expect(await warningsOfRules(template(text, `forEach: 'items'`))).toEqual([
      `gimli.json5:2: hooks.mappings[0].messageTemplate: ${message}`,
    ]);
  });

  it('a field that the schema of the mapping excludes, wherever the mapping counts on it', async () => {
    const schema = `{ properties: { ok: { properties: { a: {} }, additionalProperties: false }, list: { items: { properties: {}, additionalProperties: false } } }, patternProperties: { '^x-': {} }, additionalProperties: false }`;
    const rule = `{ id: 'x', match: { path: 'p',\npayload: { kind: 'x', ok: {regex: 'y'}, gone: null } },\nschema: ${schema},
      sessionKey: 'hook:{{id}}',\nforEach: 'rows',\ndedupeKey: '{{ok.b}}',\nname: '{{list[0].c}}',
      messageTemplate: '{{ok.a}} {{x-1}} {{list}} {{list.length}} {{now}} {{payload.ok.a}} {{#ok}}{{anything}}{{/ok}}' }`;
    const never = 'never has a value: the schema of this mapping allows no such field';
    expect(await warningsOfRules(rule)).toEqual([
      'gimli.json5:3: hooks.mappings[0].match.payload.kind: the schema of this mapping allows no such field: each event that fits is refused',
      `gimli.json5:5: hooks.mappings[0].sessionKey: {{id}} ${never}`,
      'gimli.json5:6: hooks.mappings[0].forEach: the schema of this mapping allows no such field',
      `gimli.json5:7: hooks.mappings[0].dedupeKey: {{ok.b}} ${never}`,
      `gimli.json5:8: hooks.mappings[0].name: {{list[0].c}} ${never}`,
    ]);
  });

  it('in each template of a mapping and of its steps', async () => {
    const rule = `{ match: { path: 'p' },\nname: '{a}',\nmessageTemplate: '{b}',\nsessionKey: 'hook:{c}',\nto: '{d}',\ndedupeKey: '{e}',\nid: 'x',\ncoalesce: { key: '{f}' } },
      { match: { path: 'q' }, action: 'workflow', steps: [{ id: 'a', message: 'x' },\n{ id: 'b', message: '{g} {{steps.a.outputText}}' }] }`;
    expect((await warningsOfRules(rule)).map((line) => /[^ ]+ \{\w\}/.exec(line)?.[0])).toEqual([
      'hooks.mappings[0].name: {a}',
      'hooks.mappings[0].messageTemplate: {b}',
      'hooks.mappings[0].sessionKey: {c}',
      'hooks.mappings[0].to: {d}',
      'hooks.mappings[0].dedupeKey: {e}',
      'hooks.mappings[0].coalesce.key: {f}',
      'hooks.mappings[1].steps[1].message: {g}',
    ]);
    expect(await warningsOf(`{ workflows: { w: { steps: [{ id: 'a', message: '{h}' }] } } }`)).toEqual([
      'gimli.json5:1: workflows.w.steps[0].message: {h} is shown as it stands; a value is {{h}}',
    ]);
  });

  it.each([
    'Answer as {"a": 1}, {} or { b, c }',
    '{{a}} {{{b.c[0]}}} {{&d}} {{#e}}{{.}}{{/e}} {{^f}}x{{/f}} {{! {x} | y }}',
    '{{Order Number}} {{items.length}} {{query.x}} {{query.key}} {{query.page.size}} {{headers.x-request-id}}',
  ])('but not %s', async (text) => {
    expect(await warningsOfRules(template(text))).toEqual([]);
  });
});

describe('a session key that a value can turn into that of the owner is told so:', () => {
  it.each(['{{branch}}', ' {{{branch}}} ', '{{a}}{{b}}', 'ma{{x}}', '{{x}}IN', 'M{{x}}n'])('%j', async (key) => {
    expect(await warningsOfRules(template('x', `sessionKey: ${JSON.stringify(key)}`))).toEqual([
      expect.stringMatching(
        /^gimli\.json5:2: hooks\.mappings\[0\]\.sessionKey: with the value "main" it is the key of/,
      ),
    ]);
  });

  it.each(['hook:{{branch}}', '{{a}}:{{b}}', 'main-{{x}}'])('but not %j', async (key) => {
    expect(await warningsOfRules(template('x', `sessionKey: ${JSON.stringify(key)}`))).toEqual([]);
  });
});

describe('what is not there is told so:', () => {
  const provider =
    '"mistral/large" needs a provider "mistral"; agents.providers has: echo, anthropic, openai, ollama, openrouter';
  const key = 'provider "anthropic" has no API key: set ANTHROPIC_API_KEY or agents.providers.anthropic.apiKey';

  it('the model of a mapping, of a step, and of a workflow', async () => {
    const text = `{ hooks: { enabled: true, token: 't', mappings: [
      { match: { path: 'p' }, messageTemplate: 'x', model: 'mistral/large' },
      { match: { path: 'q' }, action: 'workflow', steps: [{ id: 'a', message: 'x', model: 'haiku' }] } ] },
      workflows: { w: { model: 'mistral/large', steps: [\n{ id: 'a', message: 'x', model: 'haiku' }] } } }`;
    expect(await warningsOf(text)).toEqual([
      `gimli.json5:4: workflows.w.model: ${provider}`,
      `gimli.json5:5: workflows.w.steps[0].model: ${key}`,
      `gimli.json5:2: hooks.mappings[0].model: ${provider}`,
      `gimli.json5:3: hooks.mappings[1].steps[0].model: ${key}`,
    ]);
    const env = { ANTHROPIC_API_KEY: 'sk-ant-x' };
    expect(String(await warningsOf(text.replaceAll('mistral/large', 'haiku'), { env }))).not.toContain('provider');
  });

  const missing = (name: string) => `the channel "${name}" is not there, so what goes to it is skipped; there is log`;

  it('a channel, wherever the config counts on it', async () => {
    const text = `{ hooks: { enabled: true, token: 't', mappings: [
      { match: { path: 'p' }, messageTemplate: 'x', channel: 'slack' },
      { match: { path: 'q' }, messageTemplate: 'x', channel: 'slack', deliver: false },
      { match: { path: 'r' }, action: 'workflow', workflow: 'w' },
      { match: { path: 's' }, action: 'workflow', steps: [{ id: 'a', message: 'x' }], deliver: true, channel: 'telegram' } ] },
      workflows: { w: { deliver: 'every-step',\nchannel: 'discord', steps: [{ id: 'a', message: 'x' }] } },
      agents: { defaults: { heartbeat: { target: 'signal' } } },
      channels: { owner: { channel: 'slack' } } }`;
    expect((await warningsOf(text)).sort()).toEqual([
      `gimli.json5:2: hooks.mappings[0].channel: ${missing('slack')}`,
      `gimli.json5:4: hooks.mappings[2]: ${missing('discord')}`,
      `gimli.json5:5: hooks.mappings[3].channel: ${missing('telegram')}`,
      `gimli.json5:7: workflows.w.channel: ${missing('discord')}`,
      `gimli.json5:8: agents.defaults.heartbeat.target: ${missing('signal')}`,
      `gimli.json5:9: channels.owner.channel: ${missing('slack')}`,
    ]);
  });

  it('what an owner changes in a preset, once and where it was written', async () => {
    const overlay = `presets: ['github', 'gmail'],\ngithub: { model: 'mistral/large',\nchannel: 'slack' },`;
    expect(
      await warningsOf(mappings('', overlay), { env: { GITHUB_WEBHOOK_SECRET: 'It is a secret to all' } }),
    ).toEqual([
      `gimli.json5:2: hooks.github.model: ${provider}`,
      `gimli.json5:3: hooks.github.channel: ${missing('slack')}`,
    ]);
  });

  it('an owner, where something is delivered and does not say to whom', async () => {
    const [one, none] = [template('x'), template('x', 'deliver: false')];
    expect(await warningsOf(mappings(`${one}`), { channels: true })).toEqual([
      'gimli.json5:1: channels.owner: missing: replies of 1 mapping go nowhere until main has a route; say where, such as owner: {channel: "log"}, or deliver: false in the mapping',
    ]);
    expect(await warningsOf(mappings(none), { channels: true })).toEqual([]);
    expect(await warningsOf(mappings(wake('')), { channels: true })).toEqual([]);
  });

  it('the replies of the channel log, where the log does not show them', async () => {
    expect(await warningsOf(`{ channels: { owner: { channel: 'log' } },\nlog: { level: 'warn' } }`)).toEqual([
      'gimli.json5:2: log.level: "warn" hides the replies that the channel log writes at level info (line 1)',
    ]);
  });
});

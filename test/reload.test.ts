import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { openSettings } from '../src/reload.ts';
import { eventually } from './support/eventually.ts';
import { hookToken, startGateway, type TestGateway } from './support/gateway.ts';
import { tempDir } from './support/temp-dir.ts';

jest.setTimeout(60_000);

const root = tempDir();
let gateway: TestGateway;
afterEach(() => gateway.stop());

async function start(config: object, files: Record<string, string> = {}): Promise<void> {
  const dir = fs.mkdtempSync(path.join(root, 'gateway-'));
  for (const [name, text] of Object.entries(files)) write(path.join(dir, name), text);
  gateway = await startGateway(dir, config);
}

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** A config whose one mapping says which version it is. */
function door(name: string, hooks: object = {}): object {
  return { hooks: { mappings: [{ match: { path: 'door' }, name, messageTemplate: 'Open' }], ...hooks } };
}

/** The name of the mapping that serves the door now. */
async function doorNow(headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await gateway.post('door', {}, headers);
  if (status !== 202) return `status ${status}`;
  return (await gateway.api('GET', `/runs/${body.runId}`)).body.run.name;
}

/** What the log says with this message after an edit. */
// biome-ignore lint/suspicious/noExplicitAny: log records have any fields
async function saidAfter(edit: () => void, message: RegExp): Promise<any> {
  const before = gateway.logs.length;
  edit();
  return eventually(() => gateway.logs.slice(before).find(({ msg }) => message.test(String(msg))));
}
const reloaded = /^config reloaded/;
const refused = /^config refused/;

/** Four callers, until they are stopped; gives the answers that are not 2xx, and how many there were in all. */
function startLoad(): () => Promise<{ failed: string[]; answers: number }> {
  const failed: string[] = [];
  let [answers, stopped] = [0, false];
  const caller = async () => {
    while (!stopped) {
      for (const [hook, body] of [
        ['door', {}],
        ['agent', { message: 'Say hello' }],
        ['wake', { text: 'A line', mode: 'next-heartbeat' }],
      ] as const) {
        const { status } = await gateway.post(hook, body).catch((error) => ({ status: String(error) }));
        answers += 1;
        if (status !== 200 && status !== 202) failed.push(`${hook}: ${status}`);
      }
    }
  };
  const callers = [caller(), caller(), caller(), caller()];
  return async () => {
    stopped = true;
    await Promise.all(callers);
    return { failed, answers };
  };
}

describe('a config edited while the gateway runs', () => {
  it('fails no request, however often good and broken ones alternate', async () => {
    const broken: [edit: (text: string) => string, line: RegExp, problem: RegExp][] = [
      [
        (text) => text.replace('"enabled": true', '"enabled": "perhaps"'),
        /"perhaps"/,
        /hooks\.enabled: expected true or/,
      ],
      [
        (text) => text.replace('"enabled"', '"enabeld"'),
        /"enabeld"/,
        /hooks\.enabeld: unknown key; did you mean "enabled"/,
      ],
      [
        (text) => text.replace('"Open"', '"Open {{#here}}"'),
        /\{\{#here/,
        /hooks\.mappings\[0\]\.messageTemplate: .*here/,
      ],
      [(text) => text.replace('"hooks": {', '"hooks": {{'), /\{\{/, /invalid character '\{'/],
      [(text) => text.slice(0, text.lastIndexOf('}')), /$/, /invalid end of input/],
      [() => '', /^/, /invalid end of input/],
    ];
    await start(door('version 0'));
    const stopLoad = startLoad();
    for (const [index, [breakIt, brokenLine, problem]] of broken.entries()) {
      const name = `version ${index + 1}`;
      await saidAfter(() => gateway.writeConfig(door(name)), reloaded);
      expect(await doorNow()).toBe(name);

      const text = breakIt(fs.readFileSync(gateway.configFile, 'utf8'));
      const { problems } = await saidAfter(() => fs.writeFileSync(gateway.configFile, text), refused);
      const lines = text.split('\n');
      const line = 1 + (brokenLine.source === '$' ? lines.length - 1 : lines.findIndex((row) => brokenLine.test(row)));
      expect(problems).toEqual([expect.stringMatching(problem)]);
      expect(problems[0]).toContain(`gimli.json5:${line}: `);
      expect(await doorNow()).toBe(name);
    }
    const { failed, answers } = await stopLoad();
    expect(failed).toEqual([]);
    expect(answers).toBeGreaterThan(100);
  });

  const editors: [string, (file: string, text: string) => void][] = [
    ['in place', (file, text) => fs.writeFileSync(file, text)],
    [
      'by renaming a new file over it',
      (file, text) => {
        fs.writeFileSync(`${file}.new`, text);
        fs.renameSync(`${file}.new`, file);
      },
    ],
    [
      'by moving the old one away first',
      (file, text) => {
        fs.renameSync(file, `${file}~`);
        fs.writeFileSync(file, text);
        fs.rmSync(`${file}~`);
      },
    ],
    [
      'by deleting it first',
      (file, text) => {
        fs.rmSync(file);
        fs.writeFileSync(file, text);
      },
    ],
  ];
  it.each(editors)('counts, also the second time, where an editor writes it %s', async (_, save) => {
    await start(door('first'));
    for (const name of ['second', 'third']) {
      const text = fs.readFileSync(gateway.configFile, 'utf8').replace(/"name": "\w+"/, `"name": "${name}"`);
      save(gateway.configFile, text);
      await eventually(async () => (await doorNow()) === name);
    }
  });

  it('counts where it was written in the moment of the start', async () => {
    await start(door('first'));
    gateway.writeConfig(door('second'));
    await eventually(async () => (await doorNow()) === 'second');
  });

  it('serves a request to its end with what authenticated it', async () => {
    const transform = (name: string) => `export default () => ({ name: '${name}' });`;
    const config = (dir: string, token: string) =>
      door('x', {
        token,
        transformsDir: dir,
        mappings: [{ match: { path: 'door' }, messageTemplate: 'Open', transform: { module: 'door.js' } }],
      });
    await start(config('old', hookToken), { 'old/door.js': transform('old'), 'new/door.js': transform('new') });

    const upload = slowUpload(`${gateway.url}/hooks/door`, '{"a": 1}');
    await upload.halfway;
    await saidAfter(() => gateway.writeConfig(config('new', 'another-token')), reloaded);
    expect(await doorNow()).toBe('status 401');
    expect(await doorNow({ Authorization: 'Bearer another-token' })).toBe('new');

    const { status, body } = await upload.finish();
    expect([status, body]).toEqual([202, expect.objectContaining({ ok: true })]);
    expect((await gateway.api('GET', `/runs/${body.runId}`)).body.run.name).toBe('old');
  });

  it('names what counts only after a restart, and goes on where it is', async () => {
    await start(door('first'));
    const { keys, msg } = await saidAfter(
      () => gateway.writeConfig({ ...door('second'), gateway: { port: 1 } }),
      /restart/,
    );
    expect(keys).toEqual(['gateway.port']);
    expect(msg).toContain('gateway.port');
    expect(await doorNow()).toBe('second');
  });

  it('says what has changed, without values', async () => {
    await start(door('first'));
    const { changed } = await saidAfter(() => gateway.writeConfig(door('first', { token: 'another-token' })), reloaded);
    expect(changed).toEqual(['hooks.token']);
    expect(JSON.stringify(gateway.logs)).not.toContain('another-token');
  });

  it('changes what is logged', async () => {
    const level = (name: string) => ({ ...door(name), log: { level: name } });
    await start(level('debug'));
    await saidAfter(
      () => gateway.writeConfig({ ...door('wrong'), log: { level: 'warn' }, gateway: { port: 1 } }),
      /restart/,
    );
    expect(gateway.logs.filter(({ msg }) => reloaded.test(String(msg)))).toEqual([]);
    await saidAfter(() => gateway.writeConfig(level('info')), reloaded);
  });

  it('moves the timer of the heartbeat', async () => {
    const every = (time: string) => ({ agents: { defaults: { heartbeat: { every: time } } } });
    await start(every('10h'));
    expect(await gateway.beats()).toEqual([]);
    const next = async () => (await gateway.api('GET', '/heartbeat')).body.heartbeat.at - Date.now();
    expect(await next()).toBeGreaterThan(9 * 3_600_000);
    gateway.writeConfig(every('1m'));
    await eventually(async () => (await next()) <= 60_000);
  });
});

describe('a part that does not load', () => {
  const bell = { id: 'bell', match: { path: 'bell' }, messageTemplate: '{{#x}}' };
  const gate = { id: 'gate', match: { path: 'gate' }, messageTemplate: 'Gate' };
  const withDoor = (name: string, ...more: object[]) =>
    door('', { mappings: [{ match: { path: 'door' }, name, messageTemplate: 'Open' }, ...more] });

  it('already at the start does not block other edits, and another that breaks now is refused', async () => {
    await start(withDoor('first', bell));
    await saidAfter(() => gateway.writeConfig(withDoor('second', bell, gate)), reloaded);
    expect(await doorNow()).toBe('second');
    expect((await gateway.post('bell', {})).status).toBe(503);

    const wrong = { ...gate, messageTemplate: '{{#y}}' };
    const { problems } = await saidAfter(() => gateway.writeConfig(withDoor('third', bell, wrong)), refused);
    expect(problems).toEqual([expect.stringMatching(/hooks\.mappings\[2\]\.messageTemplate/)]);
    expect(await doorNow()).toBe('second');
    expect((await gateway.post('gate', {})).status).toBe(202);

    const mended = { ...bell, messageTemplate: 'Bell' };
    await saidAfter(() => gateway.writeConfig(withDoor('fourth', mended, gate)), /^the mapping "bell" loads again/);
    expect((await gateway.post('bell', {})).status).toBe(202);
    expect(gateway.gimli.settings().broken).toEqual([]);
  });

  it('for want of a transform does not keep the others from being edited', async () => {
    const by = (name: string) => ({
      id: name,
      match: { path: name },
      messageTemplate: 'x',
      transform: { module: `${name}.ts` },
    });
    const says = (name: string) => `export default () => ({ name: '${name}' });`;
    await start(
      { hooks: { mappings: [by('door'), by('bell')] } },
      { 'transforms/door.ts': says('first'), 'transforms/bell.ts': 'export default (' },
    );
    const file = (name: string) => path.join(gateway.dir, 'transforms', name);
    expect(await doorNow()).toBe('first');
    write(file('door.ts'), says('second'));
    expect(await doorNow()).toBe('second');
    write(file('door.ts'), 'export default (');
    expect(await doorNow()).toBe('second');
    write(file('door.ts'), says('third'));
    expect(await doorNow()).toBe('third');
    expect((await gateway.post('bell', {})).status).toBe(503);
    write(file('bell.ts'), says('bell'));
    await eventually(() => gateway.gimli.settings().broken.length === 0);
    expect((await gateway.post('bell', {})).status).toBe(202);
    expect(await doorNow()).toBe('third');
  });

  it('is told of as long as the edit that broke it stands', async () => {
    await start(door('first'));
    const log = pino({ level: 'silent' });
    const live = await openSettings(gateway.configFile, {}, log);
    gateway.writeConfig(withDoor('second', bell));
    expect(await live.reload()).toBe(false);
    expect(live.refusedProblems()).toEqual([expect.stringMatching(/hooks\.mappings\[1\]/)]);
    gateway.writeConfig(door('third'));
    expect(await live.reload()).toBe(true);
    expect(live.refusedProblems()).toBeUndefined();
    await live.current().transforms.close();
  });
});

describe('a file that belongs to the config', () => {
  const missing: [what: string, file: string, text: string, hooks: object][] = [
    [
      'preset',
      'presets/doors.json5',
      "{ description: 'Doors', samples: {}, mappings: [{ match: { path: 'door' }, name: 'second', messageTemplate: 'Open' }] }",
      { mappings: [], presets: ['./presets/doors.json5'] },
    ],
    [
      'transform',
      'transforms/door.ts',
      "export default () => ({ name: 'second' });",
      { mappings: [{ match: { path: 'door' }, messageTemplate: 'Open', transform: { module: 'door.ts' } }] },
    ],
  ];
  it.each(missing)(
    'may come later: a config refused for want of a %s counts once it is there',
    async (_, file, text, hooks) => {
      await start(door('first'));
      await saidAfter(() => gateway.writeConfig(door('', hooks)), refused);
      expect(await doorNow()).toBe('first');
      await saidAfter(() => write(path.join(gateway.dir, file), text), reloaded);
      expect(await doorNow()).toBe('second');
    },
  );

  it('.env counts when it is edited', async () => {
    await start(door('first', { token: '${DOOR_TOKEN}' }), { '.env': 'DOOR_TOKEN=old-token\n' });
    expect(await doorNow({ Authorization: 'Bearer old-token' })).toBe('first');
    await saidAfter(() => write(path.join(gateway.dir, '.env'), 'DOOR_TOKEN=new-token\n'), reloaded);
    expect(await doorNow({ Authorization: 'Bearer old-token' })).toBe('status 401');
    expect(await doorNow({ Authorization: 'Bearer new-token' })).toBe('first');

    const { problems } = await saidAfter(() => write(path.join(gateway.dir, '.env'), '\n'), refused);
    expect(problems).toEqual([
      expect.stringMatching(/gimli\.json5:\d+: hooks\.token: the variable DOOR_TOKEN is not set/),
    ]);
    expect(await doorNow({ Authorization: 'Bearer new-token' })).toBe('first');
  });

  it('a preset of the owner counts when it is edited, and stays the last good one when the edit is broken', async () => {
    const preset = (name: string) => `{
      description: 'Doors',
      samples: {},
      mappings: [{
        match: { path: 'door' },
        name: '${name}',
        messageTemplate: 'Open',
      }],
    }`;
    await start({ hooks: { presets: ['./presets/doors.json5'] } }, { 'presets/doors.json5': preset('first') });
    const file = path.join(gateway.dir, 'presets/doors.json5');
    await saidAfter(() => write(file, preset('second')), reloaded);
    expect(await doorNow()).toBe('second');

    const { problems } = await saidAfter(() => write(file, preset('third').replace('match', 'mach')), refused);
    expect(problems).toEqual([
      expect.stringMatching(/doors\.json5:5: mappings\[0\]\.mach: unknown key; did you mean "match"/),
    ]);
    expect(await doorNow()).toBe('second');
  });

  it('a transform, and what it imports, is used from the next request on', async () => {
    const transform = (greeting: string) =>
      `import { name } from './names.ts';\nexport default () => ({ name: '${greeting} ' + name });`;
    const names = (name: string) => `export const name: string = '${name}';`;
    await start(
      door('', { mappings: [{ match: { path: 'door' }, messageTemplate: 'Open', transform: { module: 'door.ts' } }] }),
      { 'transforms/door.ts': transform('Hello'), 'transforms/names.ts': names('Ada') },
    );
    const file = (name: string) => path.join(gateway.dir, 'transforms', name);
    expect(await doorNow()).toBe('Hello Ada');
    write(file('door.ts'), transform('Howdy'));
    expect(await doorNow()).toBe('Howdy Ada');
    write(file('names.ts'), names('Bob'));
    expect(await doorNow()).toBe('Howdy Bob');

    const { problems } = await saidAfter(() => write(file('door.ts'), 'export const other = 1;'), /transforms refused/);
    expect(problems).toEqual([expect.stringMatching(/door\.ts has no export "default"/)]);
    expect(await doorNow()).toBe('Howdy Bob');
  });
});

/** A request whose body stops in the middle until it is told to finish. */
function slowUpload(url: string, body: string) {
  const request = http.request(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${hookToken}`,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
    },
  });
  const answer = new Promise<http.IncomingMessage>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  return {
    halfway: new Promise<void>((resolve) => {
      // The gateway answers "continue" once it has the headers, and so has let the request pass.
      request.on('continue', resolve);
      request.setHeader('Expect', '100-continue');
      request.write(body.slice(0, 4));
    }),
    async finish() {
      request.end(body.slice(4));
      const response = await answer;
      const chunks = await response.toArray();
      return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
    },
  };
}

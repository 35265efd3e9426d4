import fs from 'node:fs';
import path from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { atEnd } from './support/at-end.ts';
import { fakeClock } from './support/fake-clock.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { oddServer } from './support/mcp.ts';
import { type Answers, providerError, startModel } from './support/model.ts';
import { pass, settle } from './support/simulated.ts';
import { tempDir } from './support/temp-dir.ts';

jest.setTimeout(180_000);

const minute = 60_000;
const hour = 60 * minute;
/** Of a provider in trouble: calls in an hour, whether one run waits or thousands. */
const mostCallsAnHour = 100;

const well: Answers = () => 'Done.';
let answer: Answers = well;
const model = await startModel((call) => answer(call));

const dir = tempDir();
fs.mkdirSync(path.join(dir, 'workspace'));
const clock = fakeClock();
const odd = oddServer();
const config = (key: string) => ({
  hooks: {
    mappings: ['door', 'tooled'].map((name) => ({
      id: name,
      match: { path: name },
      wakeMode: 'next-heartbeat',
      deliver: false,
      messageTemplate: `${name} {{n}}.`,
      ...(name === 'tooled' && { tools: ['mcp:odd'] }),
    })),
  },
  agents: {
    defaults: { ...model.agents.defaults, heartbeat: { every: '0m', target: 'none' } },
    providers: { anthropic: { ...model.agents.providers.anthropic, apiKey: key } },
    mcpServers: {
      odd: { ...odd, command: 'sh', args: ['-c', 'test -f alive && exec "$@"', 'sh', odd.command, ...odd.args] },
    },
  },
});

let gateway: TestGateway;
let current = config('first-key');
const begin = async () => {
  gateway = await startGateway(dir, current, {}, clock);
  await settle(gateway, clock);
};
atEnd(() => gateway.stop());
const restart = async () => {
  await gateway.stop();
  await begin();
};
let sent = 0;
const runs: string[] = [];
const post = async (hook: string) => {
  sent += 1;
  const { status, body } = await gateway.post(hook, { n: sent });
  expect(status).toBe(202);
  runs.push(body.runId);
};
const later = (ms: number, stepMs = 5 * minute) => pass(gateway, clock, ms, stepMs);
const openCauses = async (): Promise<string[]> =>
  (await gateway.api('GET', '/alarms')).body.alarms
    .filter(({ endedAt }: { endedAt: number | null }) => endedAt === null)
    .map(({ cause }: { cause: string }) => cause);

/** Something is in trouble for some hours, with a restart in the middle; then it is well, and what has waited is done. */
async function trouble(
  cause: string,
  hours: number,
  { hook = 'door', set, heal }: { hook?: string; set: () => unknown; heal: () => unknown },
): Promise<void> {
  await set();
  const before = model.calls.length;
  for (let n = 0; n < 5; n += 1) await post(hook);
  await later((hours * hour) / 2);
  expect(await openCauses()).toEqual([cause]);
  await restart();
  await later((hours * hour) / 2);
  expect(await openCauses()).toEqual([cause]);
  expect(model.calls.length - before).toBeLessThanOrEqual(mostCallsAnHour * hours);
  await heal();
  await later(30 * minute, minute);
  expect(await openCauses()).toEqual([]);
  for (const id of runs) expect((await gateway.get(`runs/${id}`)).body.run).toMatchObject({ status: 'completed' });
}

it('a day on which everything goes wrong costs little, loses nothing, and ends by itself', async () => {
  fs.writeFileSync(path.join(dir, 'alive'), '');
  await begin();
  await post('door');
  await post('tooled');
  await later(10 * minute);

  const is = (reply: Awaited<ReturnType<Answers>>) => () => {
    answer = () => reply;
  };
  const getsWell = () => {
    answer = well;
  };
  await trouble('provider:anthropic', 6, { set: is(providerError(529, 'Overloaded')), heal: getsWell });
  await trouble('provider:anthropic', 2, {
    set: is(providerError(400, 'Your credit balance is too low to access the Anthropic API.')),
    heal: getsWell,
  });
  await trouble('provider:anthropic', 2, {
    set: is(providerError(401, 'invalid x-api-key')),
    async heal() {
      getsWell();
      current = config('second-key');
      gateway.writeConfig(current);
      await gateway.gimli.reload();
    },
  });
  await trouble('mcp:odd', 2, {
    hook: 'tooled',
    set() {
      fs.rmSync(path.join(dir, 'alive'));
      const connected = gateway.logs.findLast(({ msg }) => msg === 'MCP server connected');
      if (connected) process.kill(Number(connected.pid), 'SIGKILL');
    },
    heal: () => fs.writeFileSync(path.join(dir, 'alive'), ''),
  });
  // An edit that cannot be read changes nothing.
  fs.writeFileSync(path.join(dir, 'gimli.json5'), '{ hooks: { mappings: [');
  await gateway.gimli.reload();
  await post('door');
  await later(hour);
  expect(await openCauses()).toEqual(['config']);
  gateway.writeConfig(current);
  await gateway.gimli.reload();
  await later(minute);
  expect(await openCauses()).toEqual([]);

  // A mapping that does not load is left out alone, also by a start.
  const mended = current;
  const broken = { id: 'broken', match: { path: 'broken' }, messageTemplate: '{{#never}}' };
  current = { ...mended, hooks: { mappings: [...mended.hooks.mappings, broken as never] } };
  await restart();
  expect((await gateway.post('broken', {})).status).toBe(503);
  await post('door');
  await later(hour);
  expect(await openCauses()).toEqual(['part:mapping:broken']);
  current = mended;
  gateway.writeConfig(current);
  await gateway.gimli.reload();
  await later(minute);
  expect(await openCauses()).toEqual([]);

  // No usable answer to any heartbeat.
  answer = () => ({ content: 'Half a sen', finishReason: 'length' });
  const before = model.calls.length;
  await gateway.post('wake', { text: 'the bell rang' });
  await later(hour);
  expect(await openCauses()).toEqual(['beats']);
  await restart();
  await later(2 * hour);
  expect(model.calls.length - before).toBeLessThanOrEqual(12);
  answer = () => 'HEARTBEAT_OK';
  await later(3 * hour);
  expect(await openCauses()).toEqual([]);
  const read = (await gateway.beats()).map(({ prompt }) => prompt).join();
  expect(read.match(/the bell rang/g)).toHaveLength(1);

  // The clock is set.
  answer = well;
  for (const jump of [hour, -hour]) {
    clock.set(clock.now() + jump);
    await settle(gateway, clock);
    await post('door');
    await gateway.post('wake', { text: `after ${jump}` });
    await later(10 * minute, 10_000);
    await restart();
    await later(10 * minute);
    expect((await gateway.get(`runs/${runs.at(-1)}`)).body.run).toMatchObject({ status: 'completed' });
    expect((await gateway.beats()).at(-1).prompt).toContain(`after ${jump}`);
  }

  // Each event was done once, and each trouble had one alarm, which is over.
  const answered = model.calls.flatMap(({ prompt }) =>
    /^(?:door|tooled) \{\{n\}\}\./m.exec(prompt) ? (/n: "?(\d+)/.exec(prompt)?.[1] ?? []) : [],
  );
  expect(new Set(answered).size).toBe(sent);
  const { alarms } = (await gateway.api('GET', '/alarms')).body;
  expect(alarms.map(({ cause }: { cause: string }) => cause).sort()).toEqual([
    'beats',
    'config',
    'mcp:odd',
    'part:mapping:broken',
    'provider:anthropic',
    'provider:anthropic',
    'provider:anthropic',
  ]);
  expect((await gateway.get('runs/stats')).body.stats).toMatchObject({ total: sent, completed: sent });
});

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { builtCli, type ServedGateway } from './support/built-cli.ts';
import { eventually } from './support/eventually.ts';
import { startModel, type TestModel, toolCalls } from './support/model.ts';
import { randomFrom, seed } from './support/random.ts';
import { tempDir } from './support/temp-dir.ts';

const hookToken = 'hook-token-of-the-test';
const gatewayToken = 'gateway-token-of-the-test';

/** Everything that a gateway said yes to, over all its lives. */
interface Ledger {
  readonly events: string[];
  /** of each event with each of its runs */
  readonly runs: { readonly runId: string; readonly eventId: string }[];
  readonly lines: string[];
  /** answers that were not 2xx */
  readonly refused: string[];
  /** calls that a dying gateway did not answer, and may or may not have accepted: they are made again */
  readonly unanswered: Call[];
}

interface Call {
  readonly hook: string;
  readonly body: object;
  readonly key: string;
}

const endings: [signal: NodeJS.Signals, rounds: number][] = [
  ['SIGKILL', 6],
  ['SIGTERM', 2],
];
it.each(endings)(
  `%s, %i times under load, loses and doubles nothing that was accepted (seed ${seed})`,
  async (signal, rounds) => {
    const random = randomFrom(seed);
    const dir = tempDir();
    const cli = builtCli(dir);
    // Long enough that each end cuts some turns short.
    const model = await startModel(({ prompt, results }) => {
      const pings = prompt.startsWith('[webhook:batch]') && results.length === 0;
      return wait(pings ? 20 : 40, pings ? toolCalls(['ping_user', { text: 'Look!' }]) : 'Done.');
    });
    writeConfig(dir, model);
    const ledger: Ledger = { events: [], runs: [], lines: [], refused: [], unanswered: [] };

    for (let round = 0; round < rounds; round += 1) {
      if (signal === 'SIGKILL' && round % 2 === 1) await cli.cutStart(random() * 400);
      const gateway = await cli.serve();
      const load = startLoad(gateway.url, random, ledger);
      // A busy machine may answer few calls in that time.
      const before = ledger.runs.length;
      await Promise.all([wait(300 + random() * 1200), eventually(() => ledger.runs.length > before + 4)]);
      const { code } = await gateway.kill(signal);
      expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
      await load;
    }

    const gateway = await cli.serve();
    expect(ledger.unanswered.length).toBeGreaterThan(0);
    for (const again of ledger.unanswered.splice(0)) await call(gateway.url, ledger, again);
    await call(gateway.url, ledger, { hook: 'wake', body: { text: 'the last line' }, key: 'last' });
    const attempts = await account(gateway, ledger);
    // Without a turn that was cut short the test would have shown nothing; a stop hands such a turn back uncounted.
    expect(attempts > 1).toBe(signal === 'SIGKILL');
    expect((await gateway.kill('SIGTERM')).code).toBe(0);
    checkStore(path.join(dir, 'gimli.db'));
  },
  120_000,
);

function writeConfig(dir: string, { agents }: TestModel): void {
  const config = {
    gateway: { port: 0, token: gatewayToken, drainSeconds: 0 },
    hooks: {
      enabled: true,
      token: hookToken,
      mappings: [
        {
          match: { path: 'batch' },
          forEach: 'items',
          name: '{{items[0].name}}',
          messageTemplate: 'Look at {{items[0].text}}',
          tools: ['ping_user'],
          maxConcurrent: 3,
        },
        {
          match: { path: 'burst' },
          coalesce: { key: '{{key}}', quietSeconds: 0.2, maxSeconds: 1 },
          rate: '50/s',
          name: '{{name}}',
          messageTemplate: 'Look at {{name}}',
        },
      ],
    },
    agents: { ...agents, defaults: { ...agents.defaults, heartbeat: { every: '0m', target: 'none' } } },
    channels: { owner: { channel: 'log' } },
    store: { url: 'sqlite:gimli.db' },
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
}

/** Four callers that write down each answer they get; settles when the gateway answers none of them any more. */
async function startLoad(url: string, random: () => number, ledger: Ledger): Promise<void> {
  const caller = async () => {
    for (;;) {
      const next = ledger.unanswered.shift() ?? newCall(random);
      try {
        await call(url, ledger, next);
      } catch {
        ledger.unanswered.push(next);
        return;
      }
      await wait(random() * 30);
    }
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
}

function newCall(random: () => number): Call {
  const name = `n${Math.floor(random() * 1e9)}`;
  const [hook, body] = pick(random(), name);
  return { hook, body, key: name };
}

function pick(chance: number, name: string): [hook: string, body: object] {
  if (chance < 0.25) return ['wake', { text: name }];
  if (chance < 0.4) return ['wake', { text: name, mode: 'next-heartbeat' }];
  if (chance < 0.65) return ['agent', { message: 'Say hello', name }];
  if (chance < 0.75) return ['agent', { message: 'Say hello', name, sessionKey: `shared-${name.at(-1)}` }];
  // Two keys, so that some bursts gather on a slow machine too.
  if (chance < 0.9) return ['burst', { name, key: Number(name.at(-1)) % 2 }];
  return ['batch', { items: [0, 1, 2].map((item) => ({ name: `${name}-${item}`, text: 'the item' })) }];
}

/** Throws where there was no whole answer. */
async function call(url: string, ledger: Ledger, { hook, body, key }: Call): Promise<void> {
  const response = await fetch(`${url}/hooks/${hook}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hookToken}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body),
  });
  const answer = JSON.parse(await response.text());
  if (!response.ok) return void ledger.refused.push(`${hook}: ${response.status} ${answer.error}`);
  ledger.events.push(answer.eventId);
  const runIds: string[] = answer.runIds ?? [answer.runId].filter(Boolean);
  ledger.runs.push(...runIds.map((runId) => ({ runId, eventId: answer.eventId })));
  if ('text' in body) ledger.lines.push(String(body.text));
}

/** Waits until the gateway has nothing left to do, and holds what it shows against the ledger. Gives the most attempts of a run. */
async function account({ url }: ServedGateway, ledger: Ledger): Promise<number> {
  const ask = (what: string) => fetch(url + what, { headers: { Authorization: `Bearer ${gatewayToken}` } });
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers is what the test is about
  const read = async (what: string): Promise<any> => (await ask(what)).json();
  await eventually(async () => {
    const jobs = (await (await ask('/metrics')).text()).match(/^gimli_jobs\{.*\} \d+$/gm) ?? [];
    return jobs.length === 4 && jobs.every((line) => line.endsWith(' 0'));
  });
  const all = async (kind: string) => {
    const runs = [];
    for (;;) {
      const page = await read(`/api/runs?kind=${kind}&limit=100&offset=${runs.length}`);
      runs.push(...page.runs);
      if (page.runs.length === 0) return runs;
    }
  };

  expect(ledger.refused).toEqual([]);
  expect(ledger.runs.length).toBeGreaterThan(20);
  const runs = await all('hook');
  // Each call was answered in the end, so there is no run that nobody was told of, and no event that joined another.
  const pairs = (of: Ledger['runs']) => of.map(({ runId, eventId }) => `${runId} ${eventId}`).toSorted();
  const shown = runs.flatMap(({ runId, eventIds }) => eventIds.map((eventId: string) => ({ runId, eventId })));
  expect(pairs(shown)).toEqual(pairs(ledger.runs));
  expect(runs.some(({ eventIds }) => eventIds.length > 1)).toBe(true);
  for (const run of runs) {
    expect(run).toMatchObject({ status: 'completed', attempts: expect.any(Number), delivery: { status: 'sent' } });
    expect(run.attempts).toBeGreaterThanOrEqual(1);
  }
  for (const { runId, hook } of runs) {
    const { run } = await read(`/api/runs/${runId}`);
    const pings = hook === 'batch' ? [{ text: 'Look!', status: 'sent' }] : [];
    expect([runId, run.pings]).toMatchObject([runId, pings]);
  }
  for (const id of ledger.events) {
    const { event } = await read(`/api/events/${id}`);
    expect([id, event?.outcome]).toEqual([id, 'accepted']);
  }
  checkOrder(runs);

  const beats = await all('heartbeat');
  const prompts = [];
  for (const { runId, status } of beats)
    if (status === 'completed') prompts.push((await read(`/api/runs/${runId}`)).run.prompt);
  const lines = prompts.flatMap((prompt: string) => [...prompt.matchAll(/ from (wake|run \S+): "(.*)"$/gm)]);
  const times = (from: string, text: string) => lines.filter((line) => line[1] === from && line[2] === text).length;
  for (const text of ledger.lines) expect([text, times('wake', text)]).toEqual([text, 1]);
  for (const { runId, name } of runs) expect([runId, times(`run ${runId}`, `${name}: Done.`)]).toEqual([runId, 1]);
  return Math.max(...[...runs, ...beats].map((run) => run.attempts));
}

// biome-ignore lint/suspicious/noExplicitAny: runs as the API shows them
function checkOrder(runs: readonly any[]): void {
  const sessions = Map.groupBy(runs.toReversed(), (run) => run.sessionKey);
  for (const turns of sessions.values()) {
    for (const [index, turn] of turns.slice(1).entries()) {
      expect(turn.startedAt).toBeGreaterThanOrEqual(turns[index].completedAt);
    }
  }
}

function checkStore(file: string): void {
  const store = new Sqlite(file, { readonly: true });
  expect(store.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(store.prepare('select count(*) from system_events where read_at is null').pluck().get()).toBe(0);
  store.close();
}

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { builtCli, type ServedGateway } from './support/built-cli.ts';
import { eventually } from './support/eventually.ts';
import { randomFrom, seed } from './support/random.ts';
import { type Ask, startStepModel } from './support/step-model.ts';
import { tempDir } from './support/temp-dir.ts';
import { broken, type Shape, straight, stubborn } from './support/workflow-shapes.ts';

const tokens = { hook: 'hook-token-of-the-test', gateway: 'gateway-token-of-the-test' };
const random = randomFrom(seed);
const model = await startStepModel(() => wait(10 + random() * 40));

it(`workflows go on at their open step after a kill at each of its places (seed ${seed})`, async () => {
  const { serve, kill, cuts } = lives();
  let gateway = await serve();
  // A kill meets the first in mid-step, and the others about when the step has been answered.
  const names = ['first', 'second', 'third', 'fourth'];
  const ids = asked(stubborn);
  // On a busy machine the first kill may come late: no step may be over by then.
  model.hold(ids);
  const started = await Promise.all(names.map((name) => start(gateway, name, stubborn)));
  await kill(gateway);
  for (const [at, step] of ids.entries()) {
    model.hold(ids.slice(at));
    gateway = await serve();
    const [, ...others] = await Promise.all(names.map((name) => model.held(`${name}/${step}`)));
    for (const call of others) {
      call.letGo();
      await wait(random() * 10);
    }
    await kill(gateway);
  }
  gateway = await serve();
  await account(gateway, started, cuts);
  for (const id of ids) expect(asksOf('first').filter(({ step }) => step === id).length).toBeGreaterThan(1);
}, 120_000);

it(`many workflows, some in one session, all end as they must after three kills (seed ${seed})`, async () => {
  const { serve, kill, cuts } = lives();
  let gateway = await serve();
  const all = Array.from({ length: 20 }, (_, n) => {
    const shape = [straight, broken, stubborn][n % 3] as Shape;
    return start(gateway, `w${n}`, shape, n % 4 === 0 ? 'hook:shared' : `hook:w${n}`);
  });
  const started = await Promise.all(all);
  for (let n = 0; n < 3; n += 1) {
    const enough = model.asks.length + 4 + random() * 12;
    await eventually(() => model.asks.length >= enough);
    await wait(random() * 20);
    await kill(gateway);
    gateway = await serve();
  }
  await account(gateway, started, cuts);
  // Without a turn that was cut short the test would have shown nothing.
  expect(cuts.length).toBeGreaterThan(0);

  await send(gateway, 'hooks/wake', tokens.hook, { text: 'the last line' });
  const lines = await eventually(() => model.beats.find((prompt) => prompt.includes('the last line'))?.split('\n'));
  for (const { name } of started) {
    expect([name, lines.filter((line) => line.includes(`: "${name} `) || line.includes(`: "${name}:`)).length]).toEqual(
      [name, 1],
    );
  }
}, 120_000);

it('SIGTERM in mid-step hands the step back, which counts as no attempt', async () => {
  const { serve } = lives();
  model.hold(['b']);
  const first = await serve();
  const { id } = await start(first, 'stopped', straight);
  await model.held('stopped/b');
  expect((await first.kill('SIGTERM')).code).toBe(0);
  model.letGo();
  const second = await serve();
  const done = await ended(second, id);
  expect(statuses(done)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  expect((await read(second, `hooks/runs/${done.steps[1].runId}`)).run.attempts).toBe(1);
  expect(asksOf('stopped').map(({ step }) => step)).toEqual(['a', 'b', 'b', 'c', 'd', 'e']);
}, 60_000);

it('after a kill a cancelled workflow stays so, and one that is tried again by hand goes on', async () => {
  const { serve, kill } = lives();
  const first = await serve();
  const retried = await start(first, 'retried', broken);
  expect((await ended(first, retried.id)).status).toBe('error');
  model.heal();
  model.hold(['b']);
  const cancelled = await start(first, 'cancelled', straight);
  await model.held('cancelled/b');
  await send(first, `api/workflows/${retried.id}/retry`, tokens.gateway);
  await send(first, `api/workflows/${cancelled.id}/cancel`, tokens.gateway);
  await kill(first);
  const second = await serve();

  const stays = await ended(second, cancelled.id);
  expect(stays).toMatchObject({ status: 'error', errorCode: 'cancelled' });
  expect(statuses(stays)).toEqual(['ok', 'error', 'skipped', 'skipped', 'skipped']);
  expect(asksOf('cancelled').map(({ step }) => step)).toEqual(['a', 'b']);
  const goesOn = await ended(second, retried.id);
  expect(goesOn).toMatchObject({ status: 'completed', error: null });
  expect(statuses(goesOn)).toEqual(['ok', 'ok', 'ok', 'skipped', 'ok']);
  expect(stepsOf('retried')).toEqual(['a', 'b', 'd', 'b', 'c', 'e']);
}, 60_000);

/** The lives of one gateway. `cuts` has the id of a run for each time that a kill cut it short. */
function lives() {
  const dir = tempDir();
  const config = {
    gateway: { port: 0, token: tokens.gateway, drainSeconds: 0 },
    hooks: { enabled: true, token: tokens.hook },
    agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat: { every: '0m', target: 'none' } } },
    store: { url: 'sqlite:gimli.db' },
  };
  fs.writeFileSync(path.join(dir, 'gimli.json5'), JSON.stringify(config));
  const cuts: string[] = [];
  const cli = builtCli(dir);
  return {
    serve: () => cli.serve(),
    cuts,
    async kill(gateway: ServedGateway) {
      await gateway.kill('SIGKILL');
      model.letGo();
      const store = new Sqlite(path.join(dir, 'gimli.db'), { readonly: true });
      cuts.push(...(store.prepare(`select id from runs where status = 'running'`).pluck().all() as string[]));
      store.close();
    },
  };
}

async function send({ url }: ServedGateway, where: string, token: string, body: object = {}) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${url}/${where}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = (await response.json()) as { workflowRunId: string };
  expect([where, answer]).toEqual([where, expect.objectContaining({ ok: true })]);
  return answer;
}

// biome-ignore lint/suspicious/noExplicitAny: what the API answers is what the test is about
async function read({ url }: ServedGateway, what: string): Promise<any> {
  return (await fetch(`${url}/${what}`, { headers: { Authorization: `Bearer ${tokens.hook}` } })).json();
}

interface Started {
  readonly id: string;
  readonly name: string;
  readonly shape: Shape;
  readonly sessionKey: string;
}

async function start(
  gateway: ServedGateway,
  name: string,
  shape: Shape,
  sessionKey = `hook:${name}`,
): Promise<Started> {
  const { b, continueOnError } = shape;
  const steps = shape.steps.map(([id, condition], at) => {
    const results = shape.steps.slice(0, at).map(([step]) => `{{steps.${step}.outputText}}{{steps.${step}.error}}`);
    return {
      id,
      name: id,
      condition,
      message: `${name}/${id} ${id === 'b' ? b : 'works'} after ${results.join(', ')}`,
    };
  });
  const body = { id: name, name, steps, continueOnError, sessionKey, wakeMode: 'next-heartbeat' };
  return { id: (await send(gateway, 'hooks/workflow', tokens.hook, body)).workflowRunId, name, shape, sessionKey };
}

function ended(gateway: ServedGateway, id: string) {
  return eventually(async () => {
    const { workflow } = await read(gateway, `hooks/workflows/${id}`);
    return workflow.completedAt !== null && workflow;
  });
}

const asked = ({ steps }: Shape) => steps.flatMap(([id, , ends]) => (ends === 'skipped' ? [] : [id]));
const statuses = (done: { steps: { status: string }[] }) => done.steps.map(({ status }) => status);
const asksOf = (name: string) => model.asks.filter(({ workflow }) => workflow === name);

/** In the order in which they were asked; one that was asked again right away counts once. */
const stepsOf = (name: string) =>
  asksOf(name).flatMap(({ step }, at, all) => (step === all[at - 1]?.step ? [] : [step]));

/** Holds what the gateway shows of the workflows, once they have ended, against what the model was asked. */
async function account(gateway: ServedGateway, started: readonly Started[], cuts: readonly string[]): Promise<void> {
  for (const { id, name, shape } of started) {
    const done = await ended(gateway, id);
    expect([name, done.status]).toEqual([name, shape.b === 'fails' ? 'error' : 'completed']);
    expect([name, statuses(done)]).toEqual([name, shape.steps.map(([, , ends]) => ends)]);
    expect(stepsOf(name)).toEqual(asked(shape));
    for (const [at, { stepId, runId, outputText }] of done.steps.entries()) {
      if (runId === null) continue;
      const asks = asksOf(name).filter(({ step }) => step === stepId);
      const { run } = await read(gateway, `hooks/runs/${runId}`);
      expect([runId, run.attempts - 1]).toEqual([runId, cuts.filter((cut) => cut === runId).length]);
      expect(asks.length).toBeLessThanOrEqual(run.attempts);
      expect(outputText).toBe(asks.at(-1)?.reply ?? null);
      // A step hears what we say of an error, and not where its owner finds the rest.
      const results = done.steps
        .slice(0, at)
        .map((step: typeof done) => step.outputText ?? step.error?.split('; its owner finds')[0] ?? '');
      for (const { message } of asks) expect(message.split(' after ')[1]).toBe(results.join(', '));
    }
  }
  for (const key of new Set(started.map(({ sessionKey }) => sessionKey))) {
    checkTranscript(started.filter(({ sessionKey }) => sessionKey === key).map(({ name }) => name));
  }
}

/** Each call of a session carries the turns that were completed by then, and nothing else. */
function checkTranscript(names: readonly string[]): void {
  const asks = model.asks.filter(({ workflow }) => names.includes(workflow));
  const isLast = (ask: Ask) => asksOf(ask.workflow).findLast(({ step }) => step === ask.step) === ask;
  const turns: string[] = [];
  for (const ask of asks) {
    const prompt = ask.messages.at(-1) ?? '';
    expect(ask.messages).toEqual([...turns, prompt]);
    if (isLast(ask) && ask.reply !== undefined) turns.push(prompt, ask.reply);
  }
}

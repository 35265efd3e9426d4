import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { local } from './config.ts';
import { type Call, headers, oneKilobyte } from './load.ts';
import { type Bench, median, quantiles, type Result, type Row } from './row.ts';
import { startGateway, startModel } from './servers.ts';

const steps = ['plan', 'build', 'test', 'review', 'report'];
const wakesPerSecond = 20;
const limit = 25;
const pollMs = 50;
/** on which wakes come in */
const connections = 5;

/** A fast answer of a model: the gateway is busy with the runs, but not as busy as it can be. */
const modelMs = 100;

/**
 * Workflows that are all posted at once, each over a connection and in a session of its own, and the wakes that come in meanwhile:
 * whoever sends those must not feel it. Once with a model that answers after a while, once with one that answers at once, so that
 * the gateway is as busy as it can be.
 */
export const workflowRow: Row = {
  name: 'workflows',
  async run(bench) {
    const amount = bench.quick ? 50 : 200;
    return [
      await measure(bench, amount, modelMs, bench.quick ? 1 : 3),
      await measure(bench, amount, 0, bench.quick ? 2 : 5),
    ];
  },
};

async function measure(bench: Bench, amount: number, delayMs: number, rounds: number): Promise<Result> {
  const model = await startModel(bench.dir, delayMs);
  const gimli = await startGateway(path.join(bench.dir, `workflows-${delayMs}`), local(model.url));
  const senders = new http.Agent({ keepAlive: true, maxSockets: connections });
  try {
    const all: Round[] = [];
    for (let n = 0; n <= rounds; n += 1) {
      const one = await round(gimli.url, senders, amount, n * amount);
      // The first is the warm-up.
      if (n > 0) all.push(one);
    }
    return summarize(amount, delayMs, all);
  } finally {
    senders.destroy();
    await gimli.stop();
    await model.stop();
  }
}

function summarize(amount: number, delayMs: number, all: readonly Round[]): Result {
  const seconds = all.map((one) => one.seconds);
  const perSecond = (amount * steps.length) / median(seconds);
  const accepted = median(all.map((one) => one.accepted));
  const wakesOf = (during: (sent: number, one: Round) => boolean) =>
    all.flatMap((one) => one.wakes.filter(({ sent }) => during(sent, one)).map(({ ms }) => ms));
  const wakes = wakesOf((sent, one) => sent >= one.accepted);
  const { p50, p99, max } = quantiles(wakes);
  // These come behind 200 requests that are there at once, on connections that are all new.
  const burst = quantiles(wakesOf((sent, one) => sent < one.accepted));
  const result = {
    row: `${amount} workflows, model ${delayMs} ms`,
    measured: [
      `${median(seconds).toFixed(1)} s (${seconds.map((value) => value.toFixed(1)).join(', ')})`,
      `${Math.round(perSecond)} steps/s`,
      `all accepted in ${accepted.toFixed(1)} s`,
      `${wakes.length} wakes: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(1)} ms`,
      `before that: p50 ${burst.p50.toFixed(1)} max ${burst.max.toFixed(1)} ms`,
    ].join(', '),
    figures: { seconds, perSecond, accepted, wakes: wakes.length, p50, p99, max, burst: burst.max },
  };
  return delayMs === 0 ? result : { ...result, bar: `wakes p99 ≤ ${limit} ms`, met: p99 <= limit };
}

interface Round {
  /** until all were answered, and until all were completed */
  readonly accepted: number;
  readonly seconds: number;
  readonly wakes: readonly Wake[];
}

interface Wake {
  /** in s since the workflows were posted */
  readonly sent: number;
  /** how long it took */
  readonly ms: number;
}

async function round(url: string, senders: http.Agent, amount: number, before: number): Promise<Round> {
  // Whoever sends wakes all the time has its connections open already.
  await Promise.all(Array.from({ length: connections }, () => post(url, wake, senders)));
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const agent = new http.Agent({ keepAlive: true });
  const accepted = Promise.all(Array.from({ length: amount }, () => post(url, workflow, agent))).then(since);
  const over = Promise.all([accepted, completed(url, before + amount).then(since)]);
  const wakes = await pacedWakes(url, senders, over, since);
  const [answered, seconds] = await over;
  agent.destroy();
  return { accepted: answered, seconds, wakes };
}

const workflow: Call = {
  path: '/hooks/workflow',
  body: JSON.stringify({
    id: 'bench',
    name: 'Bench',
    steps: steps.map((id, at) => ({
      id,
      name: id,
      condition: at === 0 ? 'always' : 'previous-success',
      message: at === 0 ? 'Make a plan.' : `Go on from this: {{steps.${steps[at - 1]}.outputText}}`,
    })),
  }),
};
const wake = oneKilobyte('/hooks/wake', { mode: 'next-heartbeat' }, 'text');

/** One wake after the other at an even pace, whether those before are answered or not. */
async function pacedWakes(
  url: string,
  senders: http.Agent,
  over: Promise<unknown>,
  since: () => number,
): Promise<Wake[]> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  over.then(end, end);
  const began = performance.now();
  const answers: Promise<Wake>[] = [];
  while (!isOver) {
    const sent = since();
    const answer = post(url, wake, senders).then((ms) => ({ sent, ms }));
    answer.catch(end);
    answers.push(answer);
    await sleep(Math.max(0, began + (answers.length * 1000) / wakesPerSecond - performance.now()));
  }
  return Promise.all(answers);
}

/** Resolves to how long it took, in ms. */
function post(url: string, { path, body }: Call, agent: http.Agent): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method: 'POST', headers, agent }, (response) => {
      response.resume().once('end', () => {
        if (Math.floor((response.statusCode ?? 0) / 100) === 2) resolve(performance.now() - began);
        else reject(new Error(`${path}: answered with ${response.statusCode}`));
      });
    });
    request.once('error', reject).end(body);
  });
}

/** Resolves when so many workflows are completed. Throws where one failed. */
async function completed(url: string, amount: number): Promise<void> {
  const count = async (status: string): Promise<number> => {
    const answer = await fetch(`${url}/hooks/workflows?status=${status}&limit=1`, { headers });
    return ((await answer.json()) as { total: number }).total;
  };
  while ((await count('completed')) < amount) {
    const failed = await count('error');
    if (failed > 0) throw new Error(`${failed} workflows failed`);
    await sleep(pollMs);
  }
}

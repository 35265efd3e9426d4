import { setTimeout as sleep } from 'node:timers/promises';
import { headers, oneKilobyte } from '../bench/load.ts';
import type { Result } from '../bench/row.ts';
import { attacks } from './hostile/attacks.ts';
import { type Gateway, startHostileGateway } from './hostile/gateway.ts';
import type { HonestFigures, HonestWork } from './hostile/honest.ts';
import { bars, judge } from './hostile/judge.ts';
import { type KeyHost, startKeyHosts } from './hostile/key-hosts.ts';
import { measureBusy } from './hostile/machine.ts';
import type { Recovered, Seen } from './hostile/seen.ts';
import { markedFiles, openRuns, storedIn } from './hostile/stored.ts';
import type { StrangersFigures, StrangersWork } from './hostile/strangers.ts';
import { startThread } from './hostile/thread.ts';
import { watch } from './hostile/watch.ts';
import type { SoakRun } from './soak.ts';

/** How long the gateway has to be as it was before, once the strangers are gone. */
const recoveryMs = 60_000;

/** Strangers without a proof do what they can for minutes, while honest senders go on. */
export async function run(soak: SoakRun): Promise<Result[]> {
  const names = attacks.map(({ name }) => name);
  const unknown = soak.parts?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no such attack: ${unknown.join(', ')}. There are: ${names.join(', ')}`);
  const keyHosts = await startKeyHosts();
  try {
    const gateway = await startHostileGateway(soak.dir, keyHosts);
    try {
      return judge(await observe(gateway, keyHosts, { ...soak, parts: soak.parts ?? names }));
    } finally {
      await gateway.stop();
    }
  } finally {
    for (const host of keyHosts) host.close();
  }
}

async function observe(gateway: Gateway, keyHosts: readonly KeyHost[], soak: Required<SoakRun>): Promise<Seen> {
  // The heap settles after the start.
  await sleep(3000 * soak.scale);
  const before = { ...(await storedIn(gateway)), residentMb: gateway.residentMb(), openFiles: gateway.openFiles() };
  const [shared, own, ...others] = loopbackAddresses();
  const { hostname: host, port } = new URL(gateway.url);
  const addresses = shared === undefined ? [] : [shared, ...others];
  const target = { host, port: Number(port), scale: soak.scale, addresses };

  const honest = startThread<HonestFigures>('./honest.ts', { url: gateway.url, own, shared } satisfies HonestWork);
  const watching = watch(gateway, soak.note);
  const strangers = startThread<StrangersFigures>('./strangers.ts', {
    target,
    names: soak.parts,
  } satisfies StrangersWork);
  try {
    const cpuBefore = gateway.cpuMs();
    const busy = measureBusy();
    await sleep(soak.minutes * 60_000);
    const cpuShare = (gateway.cpuMs() - cpuBefore) / (soak.minutes * 60_000);
    const machine = busy();
    const traffic = await strangers.stop();
    soak.note('the strangers are gone');
    const good = await honest.stop();
    const recovered = await recovery(gateway, before);
    watching.stop();
    return {
      minutes: soak.minutes,
      before,
      samples: watching.samples,
      log: watching.log,
      cpuShare,
      machine,
      keyCalls: keyHosts.map(({ hook, calls }) => ({ hook, calls: calls() })),
      traffic,
      good,
      recovered,
      after: await storedIn(gateway),
      marked: markedFiles(gateway),
      stop: await timed(() => gateway.stop()),
    };
  } finally {
    watching.stop();
    await Promise.all([honest.end(), strangers.end()]);
  }
}

/** What has become of the gateway some time after the strangers left. */
async function recovery(gateway: Gateway, before: Seen['before']): Promise<Recovered> {
  const began = Date.now();
  const isBack = () =>
    !(gateway.openFiles() > before.openFiles + bars.sockets || gateway.residentMb() > before.residentMb + bars.risenMb);
  while (!isBack() && Date.now() - began < recoveryMs) await sleep(100);
  const call = oneKilobyte('/hooks/agent', { name: 'after', wakeMode: 'next-heartbeat' }, 'message');
  const response = await fetch(gateway.url + call.path, {
    method: 'POST',
    headers: { ...headers, Prefer: 'wait=30' },
    body: call.body,
  });
  const { eventId, run } = (await response.json()) as { eventId?: string; run?: { status: string } };
  return {
    openFiles: gateway.openFiles(),
    residentMb: gateway.residentMb(),
    health: (await fetch(`${gateway.url}/healthz`)).status,
    eventId,
    runStatus: run?.status,
    openRuns: await openRuns(gateway, recoveryMs),
  };
}

/** Addresses that reach this machine alone. Only Linux gives a machine more than one without being asked. */
function loopbackAddresses(): string[] {
  if (process.platform !== 'linux') return [];
  return ['127.0.0.1', '127.0.0.2', ...Array.from({ length: 20 }, (_, n) => `127.0.1.${n + 1}`)];
}

async function timed(work: () => Promise<number | null>): Promise<{ seconds: number; code: number | null }> {
  const began = performance.now();
  const code = await work();
  return { seconds: (performance.now() - began) / 1000, code };
}

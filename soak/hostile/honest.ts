// A thread of its own, so that its clock does not wait for the strangers' work: asks for the health ten times a second, and
// sends an event of each honest sender once a second, again and again until it is taken, as services do.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { hookToken } from '../../bench/config.ts';
import { githubSecret } from './gateway-config.ts';

export interface HonestWork {
  readonly url: string;
  /** where the senders call from: one of their own, and the one that they share with strangers */
  readonly own?: string | undefined;
  readonly shared?: string | undefined;
}

/** An event that an honest sender sent. */
export interface Sent {
  readonly sender: 'signed' | 'token';
  /** from the first try to the answer that took it, in ms */
  readonly ms: number;
  readonly tries: number;
  /** null where it was given up */
  readonly eventId: string | null;
}

export interface HonestFigures {
  /** how long each answer of `/healthz` took, in ms */
  readonly health: number[];
  readonly healthFailures: number;
  readonly sent: Sent[];
}

const tryMs = 30_000;
const patienceMs = 120_000;
const { url, own, shared } = workerData as HonestWork;
const figures = { health: [] as number[], healthFailures: 0, sent: [] as Sent[] };
const open = new Set<Promise<void>>();

function call(method: string, path: string, from: string | undefined, headers: http.OutgoingHttpHeaders, body = '') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { method, headers, agent: false, timeout: tryMs, ...(from && { localAddress: from }) };
    const request = http.request(url + path, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data) => {
        text += data;
      });
      response.once('close', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject).end(body);
  });
}

async function askHealth(): Promise<void> {
  const began = performance.now();
  const status = await call('GET', '/healthz', own, {}).then(
    (answer) => answer.status,
    () => 0,
  );
  figures.health.push(performance.now() - began);
  if (status !== 200) figures.healthFailures += 1;
}

/** The same event until it is taken; its delivery id makes sure that it is taken once. */
async function send(sender: Sent['sender'], path: string, headers: http.OutgoingHttpHeaders, body: string) {
  const began = performance.now();
  const ms = () => performance.now() - began;
  const from = sender === 'signed' ? own : shared;
  for (let tries = 1; ; tries += 1) {
    const answer = await call('POST', path, from, { 'Content-Type': 'application/json', ...headers }, body).catch(
      () => null,
    );
    const taken = answer !== null && answer.status >= 200 && answer.status < 300;
    if (taken || ms() > patienceMs) {
      const eventId = taken ? (JSON.parse(answer.text || '{}').eventId ?? null) : null;
      return void figures.sent.push({ sender, ms: ms(), tries, eventId });
    }
    await sleep(1000);
  }
}

function sendSigned(number: number): Promise<void> {
  const issue = { number, title: 'It rattles', user: { login: 'ada' }, labels: [], body: 'Since today. '.repeat(60) };
  const body = JSON.stringify({
    action: 'opened',
    issue,
    repository: { full_name: 'ada/engine' },
    sender: { login: 'ada' },
  });
  const signature = createHmac('sha256', githubSecret).update(body).digest('hex');
  const headers = {
    'X-GitHub-Event': 'issues',
    'X-GitHub-Delivery': `delivery-${number}`,
    'X-Hub-Signature-256': `sha256=${signature}`,
  };
  return send('signed', '/hooks/github', headers, body);
}

function sendWithToken(number: number): Promise<void> {
  const body = JSON.stringify({
    number,
    email: 'ada.lovelace@example.com',
    note: 'Three wheels and a crank. '.repeat(30),
  });
  const headers = { Authorization: `Bearer ${hookToken}`, 'Idempotency-Key': `order-${number}` };
  return send('token', '/hooks/order', headers, body);
}

function keep(work: Promise<void>): void {
  open.add(work);
  void work.finally(() => open.delete(work));
}

let number = 0;
const timers = [
  setInterval(() => keep(askHealth()), 100),
  setInterval(() => {
    number += 1;
    keep(sendSigned(number));
    keep(sendWithToken(number));
  }, 1000),
];

parentPort?.once('message', async () => {
  for (const timer of timers) clearInterval(timer);
  while (open.size > 0) await Promise.all(open);
  parentPort?.postMessage(figures satisfies HonestFigures);
});

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { type Policy, usualPolicy } from '../../src/domain/mapping.ts';
import { eventually } from '../support/eventually.ts';
import { parseFenced } from '../support/fenced-prompt.ts';
import { gatewayToken, hookToken, type TestGateway } from '../support/gateway.ts';
import {
  brokenRequests,
  type HostileRequest,
  knownRequests,
  mark,
  signingSecret,
  strangersRequests,
} from '../support/hostile-request.ts';
import { holdsAsync } from '../support/property.ts';
import { connect } from '../support/raw.ts';
import { answersIn, type RawAnswer } from '../support/raw-answer.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const wakeMode = 'next-heartbeat';
const specPolicy: Policy = {
  ...usualPolicy,
  context: 'main',
  screen: true,
  tools: ['ping_user'],
  updateMainSession: 'on_ping',
};
const flow = [
  { id: 'read', message: 'Read: {{a}} {{#list}}- {{a}}{{/list}}' },
  { id: 'check', message: 'Check: {{steps.read.outputText}} {{payload}}', condition: 'previous-success' },
];
const start = () =>
  tempGateway(
    {
      workflows: { flow: { steps: flow, wakeMode } },
      hooks: {
        maxBodyBytes: 50_000,
        mappings: [
          {
            match: { path: 'mapped' },
            name: '{{a}}',
            sessionKey: 'hook:{{a}}',
            messageTemplate: 'Read: {{a}} {{#list}}- {{a}}{{#list}}{{.}}{{/list}}{{^b}}none{{/b}}{{/list}} {{payload}}',
            wakeMode,
          },
          { match: { path: 'batch' }, forEach: 'list', action: 'wake', textTemplate: '{{list[0]}} {{a}}', wakeMode },
          { match: { path: 'changed' }, transform: { module: 'changed.js' }, wakeMode },
          {
            id: 'checked',
            match: { path: 'checked', payload: { a: { regex: '.' } } },
            schema: { definitions: { any: { items: { $ref: '#/definitions/any' } } }, $ref: '#/definitions/any' },
            dedupeKey: '{{a}}{{#list}}{{a}}{{/list}}',
            messageTemplate: '{{b}}{{list}} {{headers}} {{query}}',
            wakeMode,
          },
          {
            match: { path: 'signed' },
            verify: { scheme: 'github', secret: signingSecret },
            messageTemplate: '{{payload}}',
            wakeMode,
          },
          { match: { path: 'flow' }, action: 'workflow', workflow: 'flow', name: '{{a}}', sessionKey: 'hook:{{a}}' },
          { match: { headers: { 'x-any': { regex: '.' } } }, messageTemplate: 'Called {{path}}', wakeMode },
        ],
      },
    },
    (dir) => {
      fs.mkdirSync(path.join(dir, 'transforms'));
      const message = 'prompt`Read: ${payload} ${headers} ${query}`';
      const source = `export default ({ payload, headers, query, prompt }) => ({ message: ${message} });`;
      fs.writeFileSync(path.join(dir, 'transforms', 'changed.js'), source);
      fs.mkdirSync(path.join(dir, 'specs'));
      const text = '{ type: string, maxLength: 50000 }';
      const fields = `fields: { type: object, properties: { a: ${text}, message: ${text}, text: ${text}, list: {} } }`;
      const spec = `---\nid: spec\n${fields}\n---\n\nLook at {a}, {message} and {list}.\n`;
      fs.writeFileSync(path.join(dir, 'specs', 'spec.md'), spec);
    },
  );

/** Sends a request over a connection of its own. */
async function send({ url }: TestGateway, { bytes, whole }: HostileRequest): Promise<readonly RawAnswer[]> {
  const connection = connect(url);
  connection.write(Buffer.from(bytes, 'latin1'));
  if (!whole) connection.end();
  const answers = answersIn(await connection.ended);
  if (whole && answers.length === 0) throw new Error('no answer');
  return answers;
}

/** Sends them all, many at a time. Gives how many answers had each status. */
async function sendAll(to: TestGateway, requests: fc.Arbitrary<HostileRequest>, runs: number) {
  const counts: Record<number, number> = {};
  await holdsAsync(fc.array(requests, { minLength: 10, maxLength: 20 }), runs, async (all) => {
    const answers = await Promise.all(all.map((request) => send(to, request)));
    for (const { status } of answers.flat()) counts[status] = (counts[status] ?? 0) + 1;
  });
  return counts;
}

/** How many rows each table has. */
function countRows({ dir }: TestGateway): Record<string, unknown> {
  const db = new Sqlite(path.join(dir, 'data', 'gimli.db'), { readonly: true });
  try {
    const tables = db.prepare("select name from sqlite_master where type = 'table'").pluck().all();
    return Object.fromEntries(
      tables.map((table) => [table, db.prepare(`select count(*) from ${table}`).pluck().get()]),
    );
  } finally {
    db.close();
  }
}

async function expectToServe(gateway: TestGateway): Promise<void> {
  expect(await (await fetch(`${gateway.url}/healthz`)).text()).toBe('ok');
  expect(await gateway.post('wake', { text: 'x', mode: wakeMode })).toMatchObject({ status: 200, body: { ok: true } });
}

function expectQuietLogs({ logs }: TestGateway): void {
  const all = JSON.stringify(logs);
  const found = [hookToken, gatewayToken, signingSecret, mark].filter((text) => all.includes(text));
  expect(found).toEqual([]);
  expect(logs.filter(({ msg }) => msg === 'request failed')).toEqual([]);
}

describe('whatever is sent by those who may', () => {
  it('is answered in JSON or with nothing and never fails; what comes of it is fenced, on one line, and under the policy of its mapping', async () => {
    const gateway = await start();
    const counts = await sendAll(gateway, knownRequests, 60);
    for (const status of [200, 202, 204, 400, 404, 405, 413]) expect(counts[status]).toBeGreaterThan(0);
    expect(counts[202]).toBeGreaterThan(100);
    await expectToServe(gateway);

    const { runs } = (await gateway.api('GET', '/runs?kind=hook&limit=100')).body;
    expect(runs).toHaveLength(100);
    expect(new Set(runs.map(({ hook }: { hook: string }) => hook)).size).toBeGreaterThan(5);
    for (const { runId } of runs) {
      const run = await gateway.ended(runId);
      const policy = run.hook === 'spec' ? specPolicy : usualPolicy;
      expect({ status: run.status, policy: run.policy }).toEqual({ status: 'completed', policy });
      expect(parseFenced(run.prompt).outside).not.toContain(mark);
      expect(`${run.name}${run.sessionKey}${run.hook}`).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    }
    const { workflows } = (await gateway.get('workflows?limit=100')).body;
    const started = new Map(
      [...Map.groupBy<string, { workflowId: string }>(workflows, ({ workflowId }) => workflowId)].map(([id, all]) => [
        id,
        all.length,
      ]),
    );
    for (const id of ['w', 'flow']) expect(started.get(id)).toBeGreaterThan(5);
    for (const { workflowRunId } of workflows) {
      const workflow = await eventually(async () => {
        const now = (await gateway.get(`workflows/${workflowRunId}`)).body.workflow;
        return now.completedAt !== null && now;
      });
      const { workflowId, workflowName, sessionKey, status, steps } = workflow;
      const names = steps.map(({ stepId, stepName }: Record<string, string>) => `${stepId}${stepName}`);
      expect(`${workflowId}${workflowName}${sessionKey}${names}`).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      expect(status).toBe('completed');
    }
    await gateway.post('wake', { text: 'Read it all.', mode: 'now' });
    const [beat] = await eventually(async () => (await gateway.beats()).length > 0 && gateway.beats());
    expect(parseFenced(beat.prompt).outside).not.toContain(mark);
    expectQuietLogs(gateway);
  }, 60_000);

  it('is answered so even where its bytes are no proper request', async () => {
    const gateway = await start();
    const counts = await sendAll(gateway, brokenRequests, 60);
    for (const status of [202, 400]) expect(counts[status]).toBeGreaterThan(0);
    await expectToServe(gateway);
    expectQuietLogs(gateway);
  });
});

describe('whatever is sent by a stranger', () => {
  it('is refused, and leaves nothing in the store', async () => {
    const gateway = await start();
    const before = countRows(gateway);
    const counts = await sendAll(gateway, strangersRequests, 60);
    expect(Object.keys(counts).filter((status) => Number(status) < 400)).toEqual([]);
    for (const status of [400, 401, 404, 405, 429]) expect(counts[status]).toBeGreaterThan(0);
    expect(countRows(gateway)).toEqual(before);
    await expectToServe(gateway);
    expect(countRows(gateway)).not.toEqual(before);
    expectQuietLogs(gateway);
  });
});

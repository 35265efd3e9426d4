import path from 'node:path';
import { beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { TurnError } from '../../../src/domain/errors.ts';
import type { Job } from '../../../src/domain/job.ts';
import { usualPolicy } from '../../../src/domain/mapping.ts';
import type { Run } from '../../../src/domain/run.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { createQueue } from '../../../src/queue/create-queue.ts';
import { runJob } from '../../../src/queue/jobs.ts';
import { openAccount } from '../../../src/runtime/attempt/account.ts';
import type { Attempt } from '../../../src/runtime/attempt/attempt.ts';
import { cancelRun, cancelWorkflow } from '../../../src/runtime/cancel.ts';
import { completeRun, failRun, postponeRun } from '../../../src/runtime/ending/finish.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import { createLiveRuns } from '../../../src/runtime/watching/live-runs.ts';
import { findRun, insertRun, startRun } from '../../../src/store/queries/runs.ts';
import { findWorkflowRun, insertWorkflowRun } from '../../../src/store/queries/workflows.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../../support/at-end.ts';
import { newId } from '../../support/new-id.ts';
import { tempDir } from '../../support/temp-dir.ts';

const store = await openSqliteStore(path.join(tempDir(), 'gimli.db'));
atEnd(() => store.close());
const queue = createQueue();
const runtime = {
  store,
  queue,
  clock: systemClock,
  live: createLiveRuns(),
  log: pino({ level: 'silent' }),
} as unknown as Runtime;

const action = {
  kind: 'agent',
  message: ['Go.'],
  name: 'Go',
  sessionKey: 's',
  wakeMode: 'next-heartbeat',
  deliver: true,
  channel: 'log',
} as const;
const step = { condition: 'always', name: 'S', message: ['Go.'] } as const;
const workflowAction = {
  ...action,
  kind: 'workflow',
  workflowId: 'w',
  steps: [
    { ...step, id: 'a' },
    { ...step, id: 'b' },
  ],
  outside: false,
  continueOnError: true,
  deliver: true,
} as const;

/** The first step of a workflow, under way. */
let job: Job;
let run: Run;
let workflowRunId: string;
beforeEach(async () => {
  workflowRunId = `wf-${newId()}`;
  const id = newId();
  const made = { eventId: newId(), hook: 'h', policy: usualPolicy, createdAt: Date.now() };
  const sessionKey = newId();
  await store.write(async (tx) => {
    const workflow = { ...made, id: workflowRunId, sessionKey, status: 'running', action: workflowAction } as const;
    await insertWorkflowRun(tx, { ...workflow, group: null });
    await insertRun(tx, { ...made, id, kind: 'hook', action: { ...action, sessionKey }, workflowRunId, step: 0 });
    await queue.enqueue(tx, runJob(id, sessionKey, 0));
    job = (await queue.claim(tx, 'run', 1, Date.now()))[0] as Job;
    run = (await startRun(tx, id, 1, Date.now())) as Run;
  });
});

const account = () => openAccount(run.spending, { priceOf: () => undefined, perRun: undefined, onUsage: () => {} });
const trace = () => ({
  prompt: 'Go.',
  model: 'a/b',
  reported: { pings: [], reports: [] },
  warnings: [],
  calls: [],
  account: account(),
  well: new Set<string>(),
  troubles: [],
});
const settings = { mask: (text: string) => text };
const attempt = () => ({ runtime, settings, job, run, trace: trace() }) as unknown as Attempt;
const usage = { inputTokens: 1, outputTokens: 1 };
const complete = () => completeRun(attempt(), { text: 'Done.', reply: [], usage, model: 'a/b' });
const error = new TurnError('provider', 'no');
const fail = () => failRun(attempt(), error);

it.each([
  ['completes', complete],
  ['fails', fail],
])(
  'a run that is cancelled when its turn is over and %s all the same has been cancelled, and its workflow with it',
  async (_, end) => {
    expect(await cancelRun(runtime, run.id)).toBe('cancelled');
    await end();
    const cancelled = { status: 'error', errorCode: 'cancelled' };
    expect(await findRun(store.read, run.id)).toMatchObject({ ...cancelled, prompt: 'Go.', outputText: null });
    expect(await findWorkflowRun(store.read, workflowRunId)).toMatchObject(cancelled);
    expect(await store.read.selectFrom('deliveries').selectAll().where('runId', '=', run.id).execute()).toEqual([]);
    expect(await queue.counts(store.read)).toMatchObject({ queued: 0, running: 0 });
    expect(await cancelWorkflow(runtime, workflowRunId)).toBe('ended');
  },
);

it('a cancelled run that is put back for another attempt is taken up at once, to end', async () => {
  expect(await cancelWorkflow(runtime, workflowRunId)).toBe('cancelled');
  await postponeRun(attempt(), error);
  expect(await queue.nextDue(store.read, ['run'], Date.now())).toBeLessThanOrEqual(Date.now());
  await store.write(async (tx) => {
    for (const again of await queue.claim(tx, 'run', 1, Date.now())) {
      expect(await startRun(tx, again.ref, again.attempt, Date.now())).toMatchObject({ cancelled: true });
      await queue.complete(tx, again);
    }
  });
});

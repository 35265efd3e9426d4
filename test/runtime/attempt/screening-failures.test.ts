import type { FixtureResponse } from '@copilotkit/aimock';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createModels } from '../../../src/agent/models.ts';
import { createScreener } from '../../../src/agent/screening/screening.ts';
import { createChannels } from '../../../src/channels/channels.ts';
import type { Run } from '../../../src/domain/run.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { createQueue } from '../../../src/queue/create-queue.ts';
import { openAccount } from '../../../src/runtime/attempt/account.ts';
import { screen } from '../../../src/runtime/attempt/screen.ts';
import { createLiveRuns } from '../../../src/runtime/watching/live-runs.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { providerError, startModel } from '../../support/model.ts';
import { shownFields, verdicts } from '../../support/screening-model.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const guard = 'claude-haiku-5-5';
const held: ((text: string) => void)[] = [];
const noAnswer = () => new Promise<string>((resolve) => void held.push(resolve));

/** What the screening model does, by the subject of the mail. */
const clean = { id: 'f1', verdict: 'clean', reason: '' };
const failures: Record<string, string | FixtureResponse> = {
  'an error': providerError(400, 'no such parameter'),
  'a wrong key': providerError(401, 'invalid x-api-key'),
  'a refusal': { content: JSON.stringify({ results: [clean] }), finishReason: 'refusal' },
  'an answer cut off': { content: '{"results": [{"id": "f1"', finishReason: 'max_tokens' },
  'no JSON': 'This mail is safe.',
  'JSON in prose': `Here you are: ${JSON.stringify({ results: [clean] })}`,
  'flagged without names': '{"safe": false}',
  'a missing id': '{"results": []}',
  'an id twice': JSON.stringify({ results: [clean, clean] }),
  'an id too many': JSON.stringify({ results: [clean, { ...clean, id: 'f2' }] }),
  'another id': JSON.stringify({ results: [{ ...clean, id: 'subject' }] }),
};
let overloaded = 1;
let agentOverloaded = 1;
const model = await startModel(({ model, prompt }) => {
  if (model !== guard)
    return prompt.includes('agent busy') && agentOverloaded-- > 0 ? providerError(529, 'Busy') : 'Done.';
  if (prompt.includes('no answer')) return noAnswer();
  if (prompt.includes('screening busy') && overloaded-- > 0) return providerError(529, 'Overloaded');
  const [field] = shownFields(prompt);
  return failures[field?.value ?? ''] ?? verdicts(prompt, () => false);
});
atEnd(() => {
  for (const release of held) release('');
});

const mail = {
  name: 'Mail',
  deliver: false,
  wakeMode: 'next-heartbeat',
  messageTemplate: 'Read {{subject}}',
  screen: true,
};
const config = {
  agents: { ...model.agents, defaults: { model: 'anthropic/claude-sonnet-5-5' } },
  hooks: {
    mappings: [
      { ...mail, match: { path: 'mail' } },
      { ...mail, match: { path: 'hasty' }, timeoutSeconds: 1 },
    ],
  },
};
const blocking = await tempGateway(config);
const allowing = await tempGateway({ ...config, screening: { onError: 'allow' } });
type Gateway = typeof blocking;

const post = async (gateway: Gateway, hook: string, subject: string): Promise<string> =>
  (await gateway.post(hook, { subject })).body.runId;
const answered = (subject: string) =>
  model.calls.filter((call) => call.model !== guard && call.prompt.includes(subject));
const guarded = (subject: string) =>
  model.calls.filter((call) => call.model === guard && call.prompt.includes(subject));
const late = post(blocking, 'mail', 'no answer, and a long wait');

const lasting = Object.keys(failures).filter((subject) => subject !== 'a wrong key');

it.each(lasting)('where screening fails by %s, the run is stopped and says so', async (subject) => {
  const run = await blocking.ended(await post(blocking, 'mail', subject));
  expect(run).toMatchObject({
    status: 'error',
    errorCode: 'screened',
    error: expect.stringMatching(/^could not be screened: .{10}/),
    summary: expect.stringMatching(/^failed \(screened\): could not be screened/),
    attempts: 1,
    prompt: null,
    screening: { verdict: 'failed', model: 'anthropic/claude-haiku-5-5', flagged: [], detail: expect.any(String) },
  });
  expect(answered(subject)).toEqual([]);
});

it.each(Object.keys(failures))('with onError allow it goes on after %s, with a warning in the log', async (subject) => {
  const run = await allowing.ended(await post(allowing, 'mail', subject));
  expect(run).toMatchObject({ status: 'completed', outputText: 'Done.', screening: { verdict: 'failed' } });
  expect(run.prompt).toContain(`subject: "${subject}"`);
  const [warning] = allowing.logs.filter(({ runId, level }) => runId === run.runId && level === 40);
  // Without the provider's own words, which are for the owner.
  const whole = `run goes on as screening.onError allows: could not be screened: ${run.screening.detail}`;
  expect(warning?.msg).toMatch(/^run goes on as screening.onError allows: could not be screened: \S+ /);
  expect(whole.startsWith(String(warning?.msg))).toBe(true);
});

it('without a key for the screening model it fails and says what to set, before anything is sent', async () => {
  const { agents } = config;
  const gateway = await tempGateway({
    ...config,
    agents: { ...agents, providers: { ...agents.providers, other: { api: 'anthropic', baseURL: model.url } } },
    screening: { model: 'other/small' },
  });
  const run = await gateway.ended(await post(gateway, 'mail', 'hello without a key'));
  expect(run).toMatchObject({
    errorCode: 'screened',
    error: expect.stringMatching(/has no API key: set agents\.providers\.other\.apiKey$/),
  });
  expect([...guarded('without a key'), ...answered('without a key')]).toEqual([]);
});

it('while the screening model is overloaded the run waits and is tried again, whatever onError says', async () => {
  const id = await post(allowing, 'mail', 'screening busy');
  const waiting = await eventually(async () => {
    const { run } = (await allowing.api('GET', `/runs/${id}`)).body;
    return run.status === 'pending' && run.error !== null && run;
  });
  expect(waiting).toMatchObject({ errorCode: 'provider', error: expect.stringMatching(/^screening: .*Overloaded/) });
  expect(await allowing.ended(id)).toMatchObject({ status: 'completed', attempts: 2, screening: { verdict: 'clean' } });
  expect(answered('screening busy')).toHaveLength(1);
});

it('a clean verdict is not paid for again where the agent is tried again', async () => {
  const run = await blocking.ended(await post(blocking, 'mail', 'agent busy'));
  expect(run).toMatchObject({ status: 'completed', attempts: 2, screening: { verdict: 'clean' } });
  expect(answered('agent busy')).toHaveLength(2);
  expect(guarded('agent busy')).toHaveLength(1);
});

it('screening counts towards the time of the run', async () => {
  const run = await blocking.ended(await post(blocking, 'hasty', 'no answer within a second'));
  expect(run).toMatchObject({ errorCode: 'timeout', error: 'the turn took longer than 1 s', attempts: 1 });
});

it('a screening model that does not answer is waited for for 10 s', async () => {
  const run = await blocking.ended(await late);
  expect(run).toMatchObject({
    errorCode: 'screened',
    error: 'could not be screened: anthropic/claude-haiku-5-5 did not answer within 10 s',
    attempts: 1,
  });
});

it('an overloaded screening model is waited for, and at the last attempt only where a run may not go on without', async () => {
  const store = await openSqliteStore(`${tempDir()}/gimli.db`);
  atEnd(() => store.close());
  const { config } = blocking.gimli.settings();
  overloaded = 2;
  const outcome = (attempts: number, onError: 'block' | 'allow') => {
    const settings = { ...config, screening: { ...config.screening, onError } };
    const models = createModels(config.agents, {});
    const current = () => ({
      config: settings,
      models,
      screener: createScreener(settings.screening, models),
      mcpServers: new Map(),
      channels: createChannels({}, { log: pino({ level: 'silent' }) }),
      mask: (text: string) => text,
    });
    const runtime = {
      store,
      queue: createQueue(),
      log: pino({ level: 'silent' }),
      clock: systemClock,
      live: createLiveRuns(),
      current,
      onRunEnd() {},
      onUsage() {},
      onScreened() {},
      onDelivery() {},
      onBeatPlanned() {},
    };
    const run = {
      id: 'r',
      policy: { screen: true },
      attempts,
      screening: null,
      spending: null,
    } as unknown as Run;
    const account = openAccount(run.spending, { priceOf: models.priceOf, perRun: undefined, onUsage() {} });
    const { signal } = new AbortController();
    const attempt = { api: 'anthropic' as const, longestPrompt: 400_000, signal, account };
    return screen(runtime, run, [{ label: 'subject', text: 'screening busy' }], attempt);
  };
  await expect(outcome(4, 'block')).rejects.toMatchObject({ code: 'provider', mayPassByItself: true });
  await expect(outcome(5, 'block')).rejects.toMatchObject({ code: 'provider', gate: 'anthropic' });
  overloaded = 1;
  await outcome(5, 'allow');
});

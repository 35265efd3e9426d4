import { expect, it } from '@jest/globals';
import { startModel } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const model = await startModel(() => 'Yes.');
const { anthropic } = model.agents.providers as { anthropic: object };
const gateway = await tempGateway({
  hooks: { maxBodyBytes: 400_000 },
  agents: {
    ...model.agents,
    providers: { anthropic, unsized: anthropic, small: { ...anthropic, contextTokens: 8000 } },
  },
});

async function run(message: string, more: object = {}) {
  const { status, body } = await gateway.post('agent', { message, wakeMode: 'next-heartbeat', ...more });
  expect(status).toBe(202);
  return gateway.ended(body.runId);
}
const lastCall = () => model.calls.at(-1)?.messages ?? [];

it('a large turn does not make a session forget what was before it', async () => {
  const sessionKey = 's';
  await run('MY NAME IS ADA', { sessionKey });
  await run(`a book: ${'b'.repeat(120_000)}`, { sessionKey });
  const { warning } = await run('and now?', { sessionKey });
  const [ada = '', , book = ''] = lastCall();
  expect(lastCall()).toHaveLength(5);
  expect(ada).toContain('MY NAME IS ADA');
  expect(book).toMatch(/b … \[\d\d,\d{3} characters left out\] … b/);
  expect(warning).toBe('of the earlier turns of the session anthropic/claude-haiku-5-5 got 1 shortened, to fit');
});

it('a model whose size is not known says so where it gets much, and how to set it', async () => {
  const long = { model: 'unsized/m' };
  expect((await run('short', long)).warning).toBeNull();
  expect((await run('x'.repeat(30_000), long)).warning).toMatch(
    /^how much unsized\/m can read at once is not known, and it got 3\d,\d{3} characters: .* Set agents\.providers\.unsized\.contextTokens$/,
  );
});

it('a small model gets a prompt and a history that fit', async () => {
  const small = { model: 'small/m', sessionKey: 'small' };
  await run('MY NAME IS ADA', small);
  await run('x'.repeat(9000), small);
  const { warning, status } = await run('y'.repeat(60_000), small);
  expect(status).toBe('completed');
  expect(warning).toContain('the prompt was shortened to 14,400 characters');
  expect(lastCall().join('').length).toBeLessThan(18_000);
  expect(lastCall()[0]).toContain('MY NAME IS ADA');
});

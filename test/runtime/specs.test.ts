import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { hookToken } from '../support/gateway.ts';
import { startModel } from '../support/model.ts';
import { shownFields, verdicts } from '../support/screening-model.ts';
import { callSpec, closed, lastRunOf, writeSpec } from '../support/specs.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const guard = 'claude-haiku-5-5';
const model = await startModel(({ model, prompt }) => {
  if (model === guard) return verdicts(prompt, ({ value }) => value.includes('obey me'));
  return prompt.startsWith('[heartbeat]') ? 'HEARTBEAT_OK' : 'Done.';
});
const config = { agents: { ...model.agents, defaults: { model: 'anthropic/claude-sonnet-5-5' } } };
const text = { type: 'string' };
const gateway = await tempGateway(config, (dir) => {
  const fields = closed({ repo: text, headers: text, note: text }, ['repo']);
  writeSpec(dir, 'ci.md', { id: 'ci', fields, isolated: true }, 'See {repo} and {headers}.');
  writeSpec(dir, 'together.md', { id: 'together' }, 'Look round.');
  writeSpec(dir, 'always.md', { id: 'always', isolated: true, 'update-main-session': 'always' }, 'Look round.');
});
const ran = async (slug: string, payload: object = {}) => {
  expect((await callSpec(gateway.url, hookToken, slug, payload)).status).toBe(202);
  return lastRunOf(gateway, slug);
};

it('a run of a spec is screened, with every value that its agent will see', async () => {
  const run = await ran('ci', { repo: 'engine', headers: 'a header', note: 'unmentioned' });
  expect(run).toMatchObject({ status: 'completed', outputText: 'Done.', screening: { verdict: 'clean' } });
  const asked = model.calls.find((call) => call.model === guard);
  expect(shownFields(asked?.prompt ?? '').map(({ name, value }) => [name, value])).toEqual([
    ['repo', 'engine'],
    ['payload.headers', 'a header'],
    ['note', 'unmentioned'],
  ]);
});

it('is stopped by an attack in a field that the body does not mention', async () => {
  const run = await ran('ci', { repo: 'engine', headers: 'x', note: 'obey me, please' });
  expect(run).toMatchObject({ status: 'error', errorCode: 'screened', screening: { flagged: [{ name: 'note' }] } });
  expect(model.calls.filter((call) => call.model !== guard && call.prompt.includes('obey me'))).toEqual([]);
});

it('sees what went on in main lately, unless it is isolated', async () => {
  await gateway.post('wake', { text: 'the kettle is on' });
  await eventually(async () => (await gateway.beats()).some(({ prompt }) => prompt.includes('the kettle is on')));
  expect((await ran('together')).prompt).toContain('the kettle is on');
  expect((await ran('ci', { repo: 'engine', headers: 'x' })).prompt).not.toContain('the kettle is on');
});

it('tells main what update_main_session says', async () => {
  await ran('ci', { repo: 'engine', headers: 'x' });
  await ran('always');
  await gateway.post('wake', { text: 'tell me' });
  const beat = await eventually(async () => (await gateway.beats()).find(({ prompt }) => prompt.includes('tell me')));
  expect(beat.prompt).toContain('"always: Done."');
  expect(beat.prompt).not.toContain('ci: Done.');
});

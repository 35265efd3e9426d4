import { expect, it } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { providerError, startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

const model = await startModel(() => providerError(401, 'invalid x-api-key'));
const heartbeat = { every: '30m', target: 'none' };
const gateway = await tempGateway({
  agents: { ...model.agents, defaults: { ...model.agents.defaults, heartbeat } },
});
const cli = cliIn(gateway.dir);
const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli.run(...args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};

it('gimli alarms says what needs its owner and what to do, also as JSON', async () => {
  expect(await run('alarms')).toBe('no alarms\n');
  await gateway.post('agent', { message: 'hello', wakeMode: 'next-heartbeat', deliver: false });
  await eventually(async () => (await gateway.api('GET', '/alarms')).body.alarms.length > 0);
  expect(await run('alarms')).toMatch(
    /^OPEN since \S+ \S+Z {2}provider:anthropic\n {2}The provider anthropic cannot be used since .*invalid x-api-key.*\n {2}Set a valid key, ANTHROPIC_API_KEY in \.env/,
  );
  const { alarms } = JSON.parse(await run('alarms', '--json'));
  expect(alarms).toMatchObject([{ cause: 'provider:anthropic', count: 1, endedAt: null }]);
  const metrics = await fetch(`${gateway.url}/metrics`, {
    headers: { Authorization: 'Bearer gateway-token-of-the-test' },
  });
  expect(await metrics.text()).toMatch(/^gimli_alarms 1$/m);
});

it('gimli heartbeat says when main looks next and why, and what is in the way', async () => {
  const idle = await run('heartbeat');
  expect(idle).toMatch(
    /^next +\d{4}-\d\d-\d\d \S+Z\nwhy +the timer; no line waits and there is no checklist, so no model is asked\n/,
  );
  await gateway.api('POST', '/pause');
  expect(await run('heartbeat')).toMatch(/^but now +everything is paused: `gimli resume` lets it go on$/m);
  await gateway.api('POST', '/resume');
});

it('gimli pause holds a hook, and resume lets it go', async () => {
  expect(await run('pause', '--hook', 'agent')).toBe(
    'runs of the hook agent are paused; events are accepted and wait for `gimli resume --hook agent`\n',
  );
  expect((await gateway.api('GET', '/pause')).body.hooks).toMatchObject([{ hook: 'agent' }]);
  expect(await run('resume', '--hook', 'agent')).toBe('runs of the hook agent go on\n');
  expect(await cli.run('resume', '--hook', 'agent')).toMatchObject({
    code: 1,
    stderr: 'the hook agent was not paused\n',
  });
});

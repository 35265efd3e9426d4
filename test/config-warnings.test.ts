import { expect, it } from '@jest/globals';
import { tempGateway } from './support/temp-gateway.ts';

const odd = (at: number) => ({ match: { path: `a${at}*` }, action: 'wake', textTemplate: 'x' });
const told = (logs: readonly Record<string, unknown>[]) =>
  logs
    .filter(({ level, msg }) => level === 40 && /is a name and no pattern|more warnings/.test(String(msg)))
    .map(({ msg }) => String(msg));

it('the log tells once of what a config says and does not do, at the start and then of what an edit brings', async () => {
  const gateway = await tempGateway({ hooks: { mappings: [odd(1)] } });
  expect(told(gateway.logs)).toEqual([expect.stringContaining('"a1*"')]);
  gateway.writeConfig({ hooks: { mappings: [odd(1), odd(2)] } });
  expect(await gateway.gimli.reload()).toBe(true);
  expect(told(gateway.logs)).toEqual([expect.stringContaining('"a1*"'), expect.stringContaining('"a2*"')]);
});

it('the log tells of 50 at most', async () => {
  const gateway = await tempGateway({ hooks: { mappings: Array.from({ length: 60 }, (_, at) => odd(at)) } });
  const lines = told(gateway.logs);
  expect(lines).toHaveLength(51);
  expect(lines.at(-1)).toBe('10 more warnings about the config: `gimli check` shows them all');
});

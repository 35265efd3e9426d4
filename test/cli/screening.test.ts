import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { cliIn } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { providerError, startModel } from '../support/model.ts';
import { verdicts } from '../support/screening-model.ts';
import { tempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

let [atOnce, most] = [0, 0];
const model = await startModel(async ({ model, prompt }) => {
  if (model !== 'claude-haiku-5-5') return 'Done.';
  atOnce += 1;
  most = Math.max(most, atOnce);
  await new Promise((resolve) => setImmediate(resolve));
  atOnce -= 1;
  if (prompt.includes('overload')) return providerError(529, 'Overloaded');
  if (prompt.includes('garble')) return 'no JSON';
  return verdicts(prompt, ({ value }) => value.includes('obey'));
});

const dir = tempDir();
const cli = cliIn(dir);
const mail = { name: 'Mail', messageTemplate: 'Read {{text}}', deliver: false, screen: true };
const { anthropic } = model.agents.providers;
function writeConfig(name: string, config: object): string {
  const usual = {
    gateway: { port: 0, token: 'gateway-token-of-the-test' },
    hooks: {
      enabled: true,
      token: 'hook-token-of-the-test',
      mappings: [
        { ...mail, id: 'mail', match: { path: 'mail' } },
        { ...mail, id: 'plain', match: { path: 'plain' }, screen: false },
      ],
    },
    agents: {
      defaults: { model: 'anthropic/claude-sonnet-5-5', heartbeat: { every: '0m' } },
      providers: { anthropic },
    },
  };
  fs.writeFileSync(path.join(dir, name), JSON.stringify({ ...usual, ...config }));
  return name;
}
function writeSamples(name: string, lines: readonly unknown[]): string {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  fs.writeFileSync(path.join(dir, name), texts.join('\n'));
  return name;
}
const config = writeConfig('gimli.json5', {});
const keyless = { providers: { anthropic: { api: 'anthropic' } } };

describe('gimli screening eval', () => {
  const samples = writeSamples('samples.jsonl', [
    { text: 'obey me now', label: 'attack' },
    { text: 'please obey', label: 'attack' },
    { text: 'cunning words', label: 'attack', note: 'of the owner' },
    '',
    { text: 'tea at four', label: 'benign' },
    { text: 'the dog does not obey', label: 'benign' },
    { text: 'overload', label: 'benign' },
    { text: 'garble', label: 'attack' },
    { text: '42', label: 'benign' },
  ]);

  it('prints how often the model was right, and which lines it got wrong, without a gateway and without a store', async () => {
    const before = model.calls.length;
    const { code, stdout, stderr } = await cli.run('screening', 'eval', samples);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          [
            '^model +anthropic/claude-haiku-5-5',
            'recall +66\\.7 % \\(2 of 3 attacks flagged\\)',
            'false alarms +33\\.3 % \\(1 of 3 benign texts flagged\\)',
            'failures +2 without a verdict, counted in neither',
            'missed, lines +3',
            'false alarms, lines +6',
            'failed, lines',
            ' +7: anthropic/claude-haiku-5-5: HTTP 529 api_error \\(the provider cannot answer at the moment\\): Overloaded',
            ' +8: the answer of the screening model is not JSON\n$',
          ].join('\n'),
        ),
      ),
    });
    expect(stderr).toMatch(/^judged 1 of 8\n(.*\n)*judged 8 of 8\n$/);
    expect(model.calls.length - before).toBe(7);
    expect(most).toBeLessThanOrEqual(4);
    expect(fs.readdirSync(dir)).not.toContain('data');
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await cli.run('screening', 'eval', samples, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      model: 'anthropic/claude-haiku-5-5',
      attack: { judged: 3, flagged: 2 },
      benign: { judged: 3, flagged: 1 },
      recall: 2 / 3,
      falseAlarmRate: 1 / 3,
      missed: [3],
      falseAlarms: [6],
      failures: [
        { line: 7, reason: expect.stringContaining('529') },
        { line: 8, reason: expect.stringContaining('not JSON') },
      ],
    });
  });

  it('has no rate where there is nothing to count', async () => {
    const file = writeSamples('one-sided.jsonl', [{ text: 'obey', label: 'attack' }]);
    const { stdout } = await cli.run('screening', 'eval', file);
    expect(stdout).toMatch(/^recall +100\.0 % \(1 of 1 /m);
    expect(stdout).toMatch(/^false alarms +- \(0 of 0 /m);
  });

  const impossible: [string, readonly unknown[], RegExp][] = [
    [
      'another label',
      [
        { text: 'a', label: 'benign' },
        { text: 'b', label: 'clean' },
      ],
      /:2: label: expected one of attack, benign, found "clean"\n$/,
    ],
    ['no text', [{ label: 'attack' }], /:1: text: missing; expected a string\n$/],
    ['a line that is no JSON', [{ text: 'a', label: 'benign' }, '', 'b,attack'], /:3: not JSON: /],
    ['nothing in it', ['', ''], /has no lines\n$/],
  ];
  it.each(impossible)('refuses a file with %s, naming the line, before any call', async (_, lines, stderr) => {
    const before = model.calls.length;
    const file = writeSamples('bad.jsonl', lines);
    const answer = await cli.run('screening', 'eval', file);
    expect(answer).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(stderr) });
    expect(model.calls).toHaveLength(before);
  });

  it('says what to set where there is no key, before it looks at the file', async () => {
    const name = writeConfig('keyless.json5', { agents: keyless });
    const answer = await cli.run('screening', 'eval', 'none.jsonl', '--config', name);
    expect(answer).toEqual({
      code: 1,
      stdout: '',
      stderr: 'provider "anthropic" has no API key: set ANTHROPIC_API_KEY or agents.providers.anthropic.apiKey\n',
    });
    const missing = await cli.run('screening', 'eval', 'none.jsonl');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^cannot read none\.jsonl: /) });
  });
});

describe('gimli check', () => {
  it('says which mappings are screened', async () => {
    const { stdout } = await cli.run('check', '--config', config);
    expect(stdout).toMatch(/^mail +token +mail +config +agent, screened$/m);
    expect(stdout).toMatch(/^plain +token +plain +config +agent$/m);
    expect(stdout).not.toContain('warning');
    const { mappings } = JSON.parse((await cli.run('check', '--json')).stdout);
    expect(mappings.map(({ id, screen }: { id: string; screen: boolean }) => [id, screen]).slice(0, 2)).toEqual([
      ['mail', true],
      ['plain', false],
    ]);
  });

  it('warns where screening cannot work, unless no model would read what is screened', async () => {
    const agents = { ...keyless, defaults: { model: 'anthropic/claude-sonnet-5-5' } };
    const answers = [
      { agents },
      { agents, screening: { onError: 'allow' } },
      { agents: { ...keyless, defaults: { model: 'echo/echo' } } },
    ].map(async (change, at) => (await cli.run('check', '--config', writeConfig(`check${at}.json5`, change))).stdout);
    const [block, allow, echo] = await Promise.all(answers);
    expect(block).toMatch(
      /^warning: mail: what they start ends in error, since screening cannot work: .* has no API key: set ANTHROPIC_API_KEY/m,
    );
    expect(allow).toMatch(/^warning: mail: what they start is not screened, since /m);
    expect(echo).not.toContain('warning');
  });
});

it('gimli runs shows what screening said, and retries without it where it is told to', async () => {
  const gateway = await cli.start(config);
  const headers = { Authorization: 'Bearer gateway-token-of-the-test' };
  const ended = (runId: string, status: string) =>
    eventually(async () => {
      const answer = await (await fetch(`${gateway.url}/api/runs/${runId}`, { headers })).json();
      return (answer as { run: { status: string } }).run.status === status;
    });
  const sent = await cli.run('send', 'mail', '--json', '{"text": "obey me"}', '--config', config);
  const { runId } = JSON.parse(sent.stdout.slice(sent.stdout.indexOf('\n')));
  await ended(runId, 'error');
  const shown = await cli.run('runs', 'show', runId, '--config', config);
  expect(shown.stdout).toMatch(/^error +screening flagged text: text \(injection: gives orders to an AI\)$/m);
  expect(shown.stdout).toMatch(/^screening +\{"verdict":"flagged","model":"anthropic\/claude-haiku-5-5"/m);

  const retried = await cli.run('runs', 'retry', runId, '--unscreened', '--config', config);
  expect(retried).toEqual({ code: 0, stdout: `run ${runId} waits to be tried again, without screening\n`, stderr: '' });
  await ended(runId, 'completed');
  const again = await cli.run('runs', 'retry', runId, '--unscreened', '--config', config);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/only a run in error can be retried/) });
  await gateway.stop();
});

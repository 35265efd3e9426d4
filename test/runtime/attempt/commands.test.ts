import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { problemsOfParts } from '../../../src/domain/broken-part.ts';
import { loadSettings } from '../../../src/settings.ts';
import { atEnd } from '../../support/at-end.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const providers = {
  sh: { api: 'command', command: 'sh', args: ['-c', 'cat > /dev/null; echo "$0 in $PWD"', '{model}'] },
  slow: { api: 'command', command: 'sh', args: ['-c', 'echo $$ > pid; exec sleep 600'] },
  broken: { api: 'command', command: 'sh', args: ['-c', 'sed -n /token/p >&2; exit 2'] },
};

const gateway = await tempGateway(
  {
    hooks: {
      mappings: [
        { id: 'trusted', match: { path: 'trusted' }, model: 'sh/x', messageTemplate: 'm', tools: ['command'] },
        { id: 'any-model', match: { path: 'any' }, messageTemplate: '{{text}}', transform: { module: 'choose.mjs' } },
      ],
      transformsDir: './transforms',
    },
    agents: { providers, defaults: { heartbeat: { model: 'sh/beat', target: 'none', every: '0m' } } },
  },
  (dir) => {
    fs.mkdirSync(path.join(dir, 'transforms'));
    fs.writeFileSync(path.join(dir, 'transforms', 'choose.mjs'), "export default () => ({ model: 'sh/chosen' });");
  },
);
const endOf = async ({ body }: { body: { runId?: string; runIds?: string[] } }) =>
  gateway.ended(body.runId ?? body.runIds?.[0] ?? '');

describe('a command', () => {
  it('answers the runs of a mapping that lists the tool, in the workspace', async () => {
    const ended = await endOf(await gateway.post('trusted', {}));
    const workspace = fs.realpathSync(path.join(gateway.dir, 'workspace'));
    expect(ended).toMatchObject({ status: 'completed', model: 'sh/x', outputText: `x in ${workspace}` });
  });

  it('does not answer the runs of any other, which say what their mapping must list', async () => {
    const fail = (mapping: string, model: string) => ({
      status: 'error',
      errorCode: 'model',
      attempts: 1,
      error: `${model} runs a command: the mapping "${mapping}" must list tools: ['command'] (or agents.defaults must)`,
    });
    const byCaller = await gateway.post('agent', { message: 'x', model: 'sh/x', wakeMode: 'next-heartbeat' });
    expect(await endOf(byCaller)).toMatchObject(fail('builtin:agent', 'sh/x'));
    expect(await endOf(await gateway.post('any', { text: 'x' }))).toMatchObject(fail('any-model', 'sh/chosen'));
  });

  it('answers heartbeats, which are the owner’s own', async () => {
    await gateway.post('wake', { text: 'Ping' });
    const [beat] = await eventually(async () => {
      const beats = await gateway.beats();
      return beats.length > 0 && beats;
    });
    expect(beat).toMatchObject({
      status: 'completed',
      model: 'sh/beat',
      outputText: expect.stringMatching(/^beat in/),
    });
  });
});

describe('with agents.defaults.tools', () => {
  const all = { agents: { providers, defaults: { model: 'sh/x', tools: ['command'] } } };

  it('every run may be on a command, unless its mapping lists other tools', async () => {
    const open = await tempGateway({
      ...all,
      hooks: {
        mappings: [
          { id: 'plain', match: { path: 'plain' }, messageTemplate: 'm' },
          { id: 'bare', match: { path: 'bare' }, model: 'echo/echo', tools: [], messageTemplate: 'm' },
        ],
      },
    });
    const policies = [];
    for (const [hook, body] of [
      ['agent', { message: 'x' }],
      ['plain', {}],
      ['bare', {}],
    ] as const) {
      const answer = await open.post(hook, body);
      const ended = await open.ended(answer.body.runId ?? answer.body.runIds[0]);
      policies.push([hook, ended.status, ended.model, ended.policy.tools]);
    }
    expect(policies).toEqual([
      ['agent', 'completed', 'sh/x', ['command']],
      ['plain', 'completed', 'sh/x', ['command']],
      ['bare', 'completed', 'echo/echo', []],
    ]);
  });

  it('a command is ended when its run takes too long, and when the gateway stops', async () => {
    const dir = tempDir();
    const config = { ...all, agents: { ...all.agents, defaults: { ...all.agents.defaults, model: 'slow/x' } } };
    const stopping = await startGateway(dir, config);
    atEnd(() => stopping.stop());
    const pidFile = path.join(dir, 'workspace', 'pid');
    const pid = () => eventually(() => fs.existsSync(pidFile) && Number(fs.readFileSync(pidFile, 'utf8').trim()));
    const isGone = (id: number) => !fs.existsSync(`/proc/${id}`);

    const { body } = await stopping.post('agent', { message: 'x', timeoutSeconds: 1, wakeMode: 'next-heartbeat' });
    const first = await pid();
    expect(await stopping.ended(body.runId)).toMatchObject({ errorCode: 'timeout', attempts: 1 });
    expect(isGone(first)).toBe(true);

    fs.rmSync(pidFile);
    await stopping.post('agent', { message: 'x', wakeMode: 'next-heartbeat' });
    const second = await pid();
    await stopping.stop();
    expect(isGone(second)).toBe(true);
  });

  it('what a failed command says stands in the run, and not in the log', async () => {
    const open = await tempGateway({
      agents: { providers, defaults: { model: 'broken/x', tools: ['command'] } },
    });
    const { body } = await open.post('agent', { message: 'the token is 4711', wakeMode: 'next-heartbeat' });
    const ended = await open.ended(body.runId);
    expect(ended).toMatchObject({ status: 'error', errorCode: 'provider', attempts: 1 });
    expect(ended.error).toMatch(/exit code 2: .*4711/);
    expect(JSON.stringify(open.logs)).not.toContain('4711');
    expect(JSON.stringify(open.logs)).toContain('broken/x: the command ended with exit code 2');
  });
});

describe('a mapping whose runs would all be on a command', () => {
  const problemsOf = async (mapping: object, defaults: object) => {
    const file = path.join(tempDir(), 'gimli.json5');
    const config = {
      hooks: { enabled: true, token: 't', transformsDir: './transforms', mappings: [mapping] },
      agents: { providers, defaults },
    };
    fs.writeFileSync(file, JSON.stringify(config, null, 2));
    fs.mkdirSync(path.join(path.dirname(file), 'transforms'));
    fs.writeFileSync(path.join(path.dirname(file), 'transforms', 'm.mjs'), 'export default () => ({});');
    const { broken, transforms } = await loadSettings(file, {}, pino({ level: 'silent' }));
    await transforms.close();
    return problemsOfParts(broken).map((line) => line.replace(/^.*(?=gimli\.json5:)/, ''));
  };
  const rule = { match: { path: 'x' }, messageTemplate: 'm' };
  const must = "runs a command, for which the mapping must list tools: ['command'] (or agents.defaults must)";

  it.each([
    ['by its model', { ...rule, model: 'sh/x' }, {}, [`: "sh/x" ${must}`]],
    ['by the default model', rule, { model: 'sh/x' }, [`: the default model ${must}`]],
    [
      'by its model, though it has other tools',
      { ...rule, model: 'sh/x', tools: ['report'] },
      {},
      [`: "sh/x" ${must}`],
    ],
    ['and may be', { ...rule, model: 'sh/x', tools: ['command'] }, {}, []],
    ['and may be, as all may', { ...rule, model: 'sh/x' }, { tools: ['command'] }, []],
    ['but makes no runs', { match: { path: 'x' }, action: 'wake', textTemplate: 't' }, { model: 'sh/x' }, []],
    [
      'but for a transform, which may choose another',
      { ...rule, transform: { module: 'm.mjs' } },
      { model: 'sh/x' },
      [],
    ],
  ])('%s is refused at load only where it must fail', async (_, mapping, defaults, expected) => {
    const problems = await problemsOf(mapping, defaults);
    expect(problems).toEqual(expected.map((line) => expect.stringContaining(line)));
    if (expected.length > 0) expect(problems[0]).toMatch(/^gimli\.json5:\d+/);
  });
});

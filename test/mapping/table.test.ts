import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { problemsOfParts } from '../../src/domain/broken-part.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { createTable } from '../../src/mapping/table.ts';
import type { Transforms } from '../../src/mapping/transform/transform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { actionsOf, contextOf } from './fixtures.ts';

const root = tempDir();

const noProblems: Transforms['check'] = async (specs) => specs.map(() => null);

/** The table of a config whose `hooks` are these; each line of `hooks` begins at line 2 of the file, `workflows` come after them. */
function tableOf(hooks: string, check = noProblems, workflows = '') {
  const dir = fs.mkdtempSync(path.join(root, 'config-'));
  fs.writeFileSync(path.join(dir, 'gimli.json5'), `{ hooks: {\n${hooks}\n}, workflows: {\n${workflows}\n} }`);
  fs.writeFileSync(path.join(dir, '.env'), 'GITHUB_WEBHOOK_SECRET=s\n');
  const { config, env, locate } = loadConfig(path.join(dir, 'gimli.json5'), {});
  const resolveModel = (name: string) => {
    if (name === 'none') throw new Error('model "none" is not allowed');
    return `provider/${name}`;
  };
  const run: Transforms['run'] = async (_, elements) => elements.map(() => undefined);
  const checkTools = (tools: readonly string[]) => {
    if (tools.includes('mcp:none')) throw new Error('there is no MCP server "none"');
  };
  const transforms = { check, run };
  return createTable({
    hooks: config.hooks,
    workflows: config.workflows,
    env,
    locate,
    resolveModel,
    checkTools,
    runsCommand: () => false,
    usualTools: [],
    maxTimeoutSeconds: 3600,
    transforms,
  });
}

async function problemsOf(...config: Parameters<typeof tableOf>): Promise<string[]> {
  try {
    const { broken } = await tableOf(...config);
    return problemsOfParts(broken).map((line) => line.replace(/^.*\//, ''));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((line) => line.replace(/^.*\//, ''));
  }
}

const mapping = (rule: string) => `mappings: [${rule}],`;

describe('the table', () => {
  it('gives the names of the built-ins to no mapping that does not say so', async () => {
    const table = await tableOf('mappings: [{ id: "all", messageTemplate: "x" }]');
    for (const name of ['agent', 'wake', 'workflow']) {
      expect(table.candidates(name).map(({ id }) => id)).toEqual([`builtin:${name}`]);
    }
    expect(table.candidates('door').map(({ id }) => id)).toEqual(['all']);
  });

  it('refuses what an owner changes in a preset whose mappings have no use for it', async () => {
    const file = path.join(root, 'bells.json5');
    fs.writeFileSync(
      file,
      '{ description: "x", samples: {}, mappings: [{ match: { path: "bell" }, action: "wake", textTemplate: "x" }] }',
    );
    expect(await problemsOf(`presets: [${JSON.stringify(file)}],\n bells: {\n channel: "log" }`)).toEqual([
      'gimli.json5:4: hooks.bells.channel: would be ignored: no mapping of this preset is of action agent or workflow',
    ]);
  });

  it('tries the mappings of the config before those of presets, and these before the built-ins', async () => {
    const table = await tableOf(`presets: ["gmail", "github"], mappings: [
      { match: { path: "agent" }, messageTemplate: "x" },
      { id: "any", match: { source: "gmail" }, messageTemplate: "y" },
      { match: { path: "/gmail" }, messageTemplate: "z" }]`);
    expect(table.mappings.map(({ id, origin }) => `${origin} ${id}`)).toEqual([
      'config config[0]',
      'config any',
      'config config[2]',
      'preset gmail[0]',
      ...['push', 'pull_request', 'issues', 'issue_comment', 'workflow_run', 'release'].map(
        (event) => `preset github:${event}`,
      ),
      'builtin builtin:wake',
      'builtin builtin:agent',
      'builtin builtin:workflow',
    ]);
    const ids = (hook: string) => table.candidates(hook).map(({ id }) => id);
    expect(ids('agent')).toEqual(['config[0]', 'builtin:agent']);
    expect(ids('gmail')).toEqual(['any', 'config[2]', 'gmail[0]']);
    expect(ids('wake')).toEqual(['builtin:wake']);
  });

  it('knows the names that mappings have; one for any hook makes none known', async () => {
    const table = await tableOf(
      mapping('{ id: "any", messageTemplate: "x" }, { match: { path: "a/b" }, messageTemplate: "x" }'),
    );
    expect(['wake', 'agent', 'a/b'].map(table.knows)).toEqual([true, true, true]);
    expect(['other', 'gmail', 'toString', '__proto__', ''].map(table.knows)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(table.candidates('other').map(({ id }) => id)).toEqual(['any']);
  });

  it('takes the largest body that a candidate of the hook takes', async () => {
    const table = await tableOf(`maxBodyBytes: 1000, presets: ["gmail"], mappings: [
      { match: { path: "small" }, maxBodyBytes: 10, messageTemplate: "x" },
      { match: { path: "both" }, maxBodyBytes: 10, messageTemplate: "x" },
      { match: { path: "both" }, messageTemplate: "x" }]`);
    expect(['small', 'both', 'agent', 'unknown', 'gmail'].map(table.maxBodyBytes)).toEqual([
      10, 1000, 1000, 1000, 5242880,
    ]);
  });

  it('lays hooks.<preset> over every mapping of that preset, and over no other', async () => {
    const table = await tableOf(`presets: ["gmail", "github"],
      gmail: { model: "small", deliver: false, channel: "slack", to: "C1", allowUnsafeExternalContent: true }`);
    const context = contextOf({ messages: [{ id: 1 }] }, { path: 'gmail' });
    const [gmail] = table.candidates('gmail');
    const [action] = gmail ? actionsOf(gmail, context) : [];
    expect(action).toMatchObject({
      model: 'provider/small',
      deliver: false,
      channel: 'slack',
      to: 'C1',
      name: 'Gmail',
    });
    expect(table.mappings.filter(({ policy }) => policy.allowUnsafeExternalContent).map(({ id }) => id)).toEqual([
      'gmail[0]',
    ]);
  });

  it('asks for the proof that a preset names with .env beside the config, or the one that its overlay says', async () => {
    const table = await tableOf(`presets: ["github", "stripe", "gmail"],
      stripe: { verify: { scheme: "hmac", header: "X-Sig", secret: "$\${own}" } }`);
    expect(table.candidates('github')[0]?.verify).toEqual({ scheme: 'github', secret: 's' });
    expect(table.candidates('stripe')[0]?.verify).toEqual({ scheme: 'hmac', header: 'X-Sig', secret: '${own}' });
    expect(table.candidates('gmail')[0]?.verify).toBeUndefined();
  });

  it('says once for each preset what it needs, with the line that asks for it', async () => {
    expect(await problemsOf('presets: ["github",\n"slack", "gmail",\n"stripe"]')).toEqual([
      'gimli.json5:3: hooks.presets[1]: the preset "slack" needs a variable that is not set: in .env, set SLACK_SIGNING_SECRET to the signing secret under Basic Information of the Slack app; or say in hooks.slack.verify how its senders prove themselves',
      expect.stringMatching(
        /^gimli\.json5:4: hooks\.presets\[3\]: the preset "stripe" needs .*: in \.env, set STRIPE_WEBHOOK_SECRET to /,
      ),
    ]);
  });

  it('takes presets of the owner by path, relative to the config', async () => {
    fs.writeFileSync(
      path.join(root, 'shop.json5'),
      '{ description: "x", mappings: [{ match: { path: "shop" }, messageTemplate: "hi" }], samples: {} }',
    );
    const table = await tableOf('presets: ["../shop.json5"], shop: { model: "small" }');
    expect(table.candidates('shop').map(({ id }) => id)).toEqual(['shop[0]']);
  });

  it('has everything told that is wrong, with files and lines', async () => {
    fs.writeFileSync(
      path.join(root, 'bad.json5'),
      '{ description: "x", samples: {}, mappings: [\n{ messageTemplate: "{{#a}}" }] }',
    );
    const hooks = `presets: ["gmial", "../bad.json5"],
      mappings: [
        { messageTemplate: "{{>x}}", model: "none" },
        { transform: { module: "good.ts" } },
        { transform: { module: "bad.ts" }, forEach: "a.b" },
      ]`;
    const asked: unknown[] = [];
    const problems = await problemsOf(hooks, async (specs, use) => {
      asked.push(
        specs.map(({ module }) => module),
        use,
      );
      return specs.map(({ module }) => (module === 'bad.ts' ? 'bad.ts has no export' : null));
    });
    expect(problems).toEqual([
      'gimli.json5:4: hooks.mappings[0].messageTemplate: partials such as {{>x}} are not supported (template line 1, column 1)',
      'gimli.json5:4: hooks.mappings[0].model: model "none" is not allowed',
      'gimli.json5:6: hooks.mappings[2].forEach: expected the name of an array at the top of the payload, found "a.b"',
      'gimli.json5:6: hooks.mappings[2].transform: bad.ts has no export',
      'gimli.json5:2: hooks.presets[0]: there is no preset "gmial"; there are github, gitlab, gmail, linear, pagerduty, sentry, shopify, slack, standard, stripe',
      'bad.json5:2: mappings[0].messageTemplate: Unclosed section "a" (template line 1, column 7)',
    ]);
    expect(asked).toEqual([['good.ts', 'bad.ts'], false, ['good.ts'], true]);
  });

  it('refuses an id that two mappings have, and a preset that is listed twice', async () => {
    expect(await problemsOf('presets: ["gmail"], mappings: [{ id: "gmail[0]", messageTemplate: "x" }]')).toEqual([
      expect.stringMatching(
        /^gmail\.json5:\d+: mappings\[0\]: expected an id of its own, found "gmail\[0\]", which another mapping has$/,
      ),
    ]);
    expect(
      await problemsOf(`${mapping('{ id: "a", messageTemplate: "x" },\n{ id: "a", messageTemplate: "y" }')}`),
    ).toEqual([
      'gimli.json5:3: hooks.mappings[1].id: expected an id of its own, found "a", which another mapping has (line 2)',
    ]);
    fs.writeFileSync(
      path.join(root, 'twice.json5'),
      '{ description: "x", samples: {}, mappings: [\n{ id: "a", messageTemplate: "x" },\n{ id: "a", messageTemplate: "y" }] }',
    );
    expect(await problemsOf('presets: ["../twice.json5"]')).toEqual([
      'twice.json5:3: mappings[1].id: expected an id of its own, found "a", which another mapping has (line 2)',
    ]);
    expect(await problemsOf('presets: ["gmail", "gmail"]')).toHaveLength(1);
  });
});

describe('the workflows of a config', () => {
  const chain =
    'chain: { model: "big", steps: [{ id: "a", message: "{{topic}}" }, { id: "b", message: "x", model: "small" }] }';

  it('are started by mappings and by requests that name them', async () => {
    const named = mapping('{ match: { path: "go" }, action: "workflow", workflow: "chain" }');
    const table = await tableOf(named, noProblems, chain);
    const made = ['go', 'workflow'].flatMap((path) => {
      const [first] = table.candidates(path);
      return first ? actionsOf(first, contextOf({ id: 'chain', topic: 'rain' }, { path })) : [];
    });
    const steps = [{ model: 'provider/big' }, { model: 'provider/small' }];
    expect(made).toMatchObject([
      { workflowId: 'chain', outside: false, steps },
      { workflowId: 'chain', outside: false, steps },
    ]);
  });

  it('may be those of a preset, over whose mappings the owner lays model, thinking and where replies go', async () => {
    const rules =
      '{ match: { path: "flow" }, action: "workflow", workflow: "chain", deliver: "every-step", channel: "log" }';
    fs.writeFileSync(path.join(root, 'flow.json5'), `{ description: "x", samples: {}, mappings: [${rules}] }`);
    const overlay = 'flow: { model: "huge", thinking: "max", deliver: true, channel: "slack", to: "C1", screen: true }';
    const table = await tableOf(`presets: ["../flow.json5"], ${overlay}`, noProblems, chain);
    const [flow] = table.candidates('flow');
    expect(flow).toMatchObject({ does: 'workflow chain', policy: { screen: true } });
    const [action] = flow ? actionsOf(flow, contextOf({ topic: 'rain' })) : [];
    expect(action).toMatchObject({
      deliver: true,
      channel: 'slack',
      to: 'C1',
      steps: [
        { model: 'provider/huge', thinking: 'max' },
        // What a step says itself holds.
        { model: 'provider/small', thinking: 'max' },
      ],
    });
  });

  it('have everything told that is wrong, with its line; who names one that does not work does not load either', async () => {
    const hooks = mapping(`{ action: "workflow", workflow: "good" },
      { action: "workflow", workflow: "bad" },
      { action: "workflow",
        workflow: "bda" },
      { action: "workflow", steps: [
        { id: "a", message: "{{steps.b.error}}" },
        { id: "b", message: "{{#steps.a.error}}x{{/steps.a.error}}",
          model: "none" }] }`);
    const workflows = `good: { steps: [{ id: "a", message: "x" }] },
      bad: { model: "none",
        steps: [
          { id: "a", message: "{{steps.a.outputText}}" },
          { id: "b", message: "{{#x}}", model: "none" },
          { id: "a", message: "x" }] }`;
    expect(await problemsOf(hooks, noProblems, workflows)).toEqual([
      'gimli.json5:12: workflows.bad.model: model "none" is not allowed',
      'gimli.json5:14: workflows.bad.steps[0].message: {{steps.a.outputText}}: there is no such step before this one; it is the first (template line 1, column 1)',
      'gimli.json5:15: workflows.bad.steps[1].message: Unclosed section "x" (template line 1, column 7)',
      'gimli.json5:15: workflows.bad.steps[1].model: model "none" is not allowed',
      'gimli.json5:16: workflows.bad.steps[2].id: expected an id of its own, found that of steps[0]',
      'gimli.json5:3: hooks.mappings[1].workflow: the workflow "bad" does not load',
      'gimli.json5:5: hooks.mappings[2].workflow: there is no workflow "bda"; workflows has good, bad',
      'gimli.json5:7: hooks.mappings[3].steps[0].message: {{steps.b.error}}: there is no such step before this one; it is the first (template line 1, column 1)',
      'gimli.json5:8: hooks.mappings[3].steps[1].message: {{#steps.a.error}}: the result of a step cannot make a section (template line 1, column 1)',
      'gimli.json5:9: hooks.mappings[3].steps[1].model: model "none" is not allowed',
    ]);
    expect(await problemsOf(mapping('{ action: "workflow", workflow: "x" }'))).toEqual([
      'gimli.json5:2: hooks.mappings[0].workflow: there is no workflow "x"; workflows is empty',
    ]);
  });
});

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { catalog } from '../../src/verify/catalog.ts';
import { tempDir } from '../support/temp-dir.ts';

const schemes = catalog.map(({ name }) => name);

const root = tempDir();
let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'config-'));
  file = join(dir, 'gimli.json5');
});

function load(text: string, env: Record<string, string> = {}) {
  writeFileSync(file, text);
  const loaded = loadConfig(file, env);
  // What is wrong is the same, whether a part is left out for it or the whole is refused.
  const problems = loaded.leftOut.flatMap((part) => part.problems);
  if (problems.length > 0) throw new ConfigError(loaded.locate(problems));
  return loaded;
}

/** The problems of a config, with the folder taken out of the file's name. */
function problemsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.replaceAll(`${dir}/`, ''));
    throw error;
  }
  return [];
}

const mapping = (text: string) => `{ hooks: {\n mappings: [\n  ${text}\n ] } }`;
const heartbeat = (text: string) => `{ agents: { defaults: {\n heartbeat: { ${text} } } } }`;

describe('a bad config is refused with file, line, key, what was found and what would be right', () => {
  const cases: [title: string, text: string, problems: string[], env?: Record<string, string>][] = [
    [
      'an unknown key that is nearly a known one',
      '{\n  hoks: {},\n}',
      ['gimli.json5:2: hoks: unknown key; did you mean "hooks"?'],
    ],
    [
      'an unknown key that is like none',
      '{ log: {\n colour: true } }',
      ['gimli.json5:2: log.colour: unknown key; expected one of level'],
    ],
    [
      'case counts, but is found',
      '{ agents: { providers: { anthropic: { api: "anthropic",\n baseUrl: "x" } } } }',
      ['gimli.json5:2: agents.providers.anthropic.baseUrl: unknown key; did you mean "baseURL"?'],
    ],
    [
      'the name of a provider',
      '{ agents: { providers: {\n "My LLM": { api: "echo" } } } }',
      ['gimli.json5:2: agents.providers["My LLM"]: expected a name that matches ^[a-z0-9][a-z0-9_-]*$'],
    ],
    [
      'what a provider cannot do without',
      '{ agents: { providers: {\n chat: { api: "openai-chat" },\n sh: { api: "command" } } } }',
      [
        'gimli.json5:2: agents.providers.chat.baseURL: missing; api "openai-chat" needs it',
        'gimli.json5:3: agents.providers.sh.command: missing; api "command" needs it',
      ],
    ],
    [
      'what a provider makes no use of',
      '{ agents: { providers: {\n sh: { api: "command", command: "cat",\n baseURL: "http://x" },\n openai: { api: "openai",\n args: [] } } } }',
      [
        'gimli.json5:3: agents.providers.sh.baseURL: would be ignored: it is not for api "command"',
        'gimli.json5:5: agents.providers.openai.args: would be ignored: it is not for api "openai"',
      ],
    ],
    [
      'a tool that there is not, as one for every run',
      '{ agents: { defaults: {\n tools: ["command", "rm"] } } }',
      [
        'gimli.json5:2: agents.defaults.tools[1]: expected one of ping_user, report, command, read, glob, grep, write, edit, bash, mcp:<server>, mcp:<server>/<tool>, found "rm"',
      ],
    ],
    [
      'a number in quotes',
      '{\n gateway: {\n  port: "5",\n } }',
      ['gimli.json5:3: gateway.port: expected an integer from 0 to 65535, found "5"'],
    ],
    [
      'a number out of range',
      '{ gateway: { port: 70000 } }',
      ['gimli.json5:1: gateway.port: expected an integer from 0 to 65535, found 70000'],
    ],
    [
      'a union says once what it accepts',
      '{ gateway: { trustProxy: -1 } }',
      [
        'gimli.json5:1: gateway.trustProxy: expected true or false, an integer of at least 0 or a non-blank string, found -1',
      ],
    ],
    [
      'a choice',
      mapping('{ wakeMode: "bogus", messageTemplate: "x" }'),
      ['gimli.json5:3: hooks.mappings[0].wakeMode: expected one of now, next-heartbeat, found "bogus"'],
    ],
    [
      'a time',
      heartbeat('every: "soon"'),
      [
        'gimli.json5:2: agents.defaults.heartbeat.every: expected a time such as "90s", "30m", "1h30m" or "1d", found "soon"',
      ],
    ],
    [
      'a beat that comes more often than once a minute',
      heartbeat('every: "1ms"'),
      [
        'gimli.json5:2: agents.defaults.heartbeat.every: expected at least "1m", or "0m" for no timer, found "1ms": each beat may be paid for',
      ],
    ],
    [
      'a missing key, at the line of what lacks it',
      '{ channels: {\n owner: { to: "me" } } }',
      [
        'gimli.json5:2: channels.owner.channel: missing; expected one of whatsapp, telegram, discord, slack, mattermost, signal, imessage, msteams, webhook, log',
      ],
    ],
    [
      'a tool that there is not',
      mapping('{ tools: ["bsh", "mcp:", "read", "mcp:files/read"], messageTemplate: "x" }'),
      [
        'gimli.json5:3: hooks.mappings[0].tools[0]: expected one of ping_user, report, command, read, glob, grep, write, edit, bash, mcp:<server>, mcp:<server>/<tool>, found "bsh"',
        'gimli.json5:3: hooks.mappings[0].tools[1]: expected one of ping_user, report, command, read, glob, grep, write, edit, bash, mcp:<server>, mcp:<server>/<tool>, found "mcp:"',
      ],
    ],
    [
      'a tool named twice',
      mapping('{ tools: ["read", "read"], messageTemplate: "x" }'),
      ['gimli.json5:3: hooks.mappings[0].tools: expected a list of tools, each once, found a list'],
    ],
    [
      'a tool of a heartbeat that is for hooks',
      heartbeat('tools: ["report"]'),
      [
        'gimli.json5:2: agents.defaults.heartbeat.tools[0]: expected one of read, glob, grep, write, edit, bash, mcp:<server>, mcp:<server>/<tool>, found "report"',
      ],
    ],
    [
      'an MCP server without a way to it',
      '{ agents: { mcpServers: {\n files: { comand: "npx" } } } }',
      [
        'gimli.json5:2: agents.mcpServers.files: an MCP server needs a command or a url',
        'gimli.json5:2: agents.mcpServers.files.comand: unknown key; did you mean "command"?',
      ],
    ],
    ['a list at the top', '[]', ['gimli.json5:1: expected an object, found an empty list']],
    [
      'an object that is none',
      mapping('{ transform: "a.ts" }'),
      ['gimli.json5:3: hooks.mappings[0].transform: expected an object with module, found "a.ts"'],
    ],
    [
      'a list that is none',
      '{ hooks: { presets: "github" } }',
      ['gimli.json5:1: hooks.presets: expected a list of strings, found "github"'],
    ],
    [
      'a long value is cut',
      `{ store: { url: "postgres${' x'.repeat(40)}" } }`,
      [`gimli.json5:1: store.url: expected "sqlite:" and a path, found "postgres${' x'.repeat(15)} …" (88 characters)`],
    ],

    [
      'hooks without a token',
      '{\n hooks: { enabled: true } }',
      ['gimli.json5:2: hooks.token: missing; hooks.enabled needs the token that callers present'],
    ],
    [
      'a blank token',
      '{ hooks: { enabled: true,\n token: " " } }',
      ['gimli.json5:2: hooks.token: expected a non-blank string, found ""'],
    ],
    [
      'the same token for hooks and gateway',
      '{ gateway: {\n token: "s" },\n hooks: {\n token: "s" } }',
      ['gimli.json5:4: hooks.token: expected a token of its own, found the one of gateway.token (line 2)'],
    ],
    [
      'a secret of the wrong type is not shown',
      '{ gateway: { token: 123456 } }',
      ['gimli.json5:1: gateway.token: expected a non-blank string, found a number (not shown)'],
    ],
    [
      'a key in the wrong place is not shown',
      '{ gateway: { port: "sk-ant-0123456789abcdefghij" } }',
      ['gimli.json5:1: gateway.port: expected an integer from 0 to 65535, found a string (not shown)'],
    ],
    [
      'the root as hooks.path',
      '{ hooks: { path: "/" } }',
      ['gimli.json5:1: hooks.path: expected a path such as "/hooks", found "/"'],
    ],
    [
      'an empty hooks.path',
      '{ hooks: { path: "" } }',
      ['gimli.json5:1: hooks.path: expected a non-blank string, found ""'],
    ],
    [
      'a hooks.path that Express or a client would read otherwise',
      '{ hooks: { path: "/a/../:b" } }',
      ['gimli.json5:1: hooks.path: expected a path such as "/hooks", found "/a/../:b"'],
    ],
    ...['/api', '/hook', 'API/hooks', '/healthz/', '/readyz', '/metrics'].map((path): [string, string, string[]] => [
      `hooks.path ${path}, which is the gateway's`,
      `{ hooks: { path: "${path}" } }`,
      [`gimli.json5:1: hooks.path: expected a path that Gimli does not use itself, found "${path}"`],
    ]),
    [
      'a key of hooks that is nearly a setting',
      '{ hooks: {\n tokn: "x" } }',
      ['gimli.json5:2: hooks.tokn: unknown key; did you mean "token"?'],
    ],
    [
      'a key of hooks that is nearly an enabled preset',
      '{ hooks: { presets: ["./my/shop.json5"],\n shops: { modle: "x" } } }',
      ['gimli.json5:2: hooks.shops: unknown key; did you mean "shop"?'],
    ],
    [
      'the settings of a preset that is not enabled',
      '{ hooks: { presets: ["github"],\n gmail: {} } }',
      ['gimli.json5:2: hooks.gmail: unknown key; the settings of a preset need its name in hooks.presets'],
    ],
    [
      'a wrong setting of an enabled preset',
      '{ hooks: { presets: ["github"],\n github: { deliver: "yes", id: "x" } } }',
      [
        'gimli.json5:2: hooks.github.deliver: expected true or false, found "yes"',
        'gimli.json5:2: hooks.github.id: unknown key; expected one of verify, model, thinking, deliver, channel, to, budget, allowUnsafeExternalContent, screen',
      ],
    ],

    [
      'active hours of no length',
      heartbeat('activeHours: { start: "08:00",\n end: "08:00" }'),
      [
        'gimli.json5:3: agents.defaults.heartbeat.activeHours.end: expected another time than start; without activeHours the timer beats at any hour',
      ],
    ],
    [
      'an hour that is none',
      heartbeat('activeHours: { start: "8:00", end: "25:00" }'),
      [
        'gimli.json5:2: agents.defaults.heartbeat.activeHours.start: expected a time of day from "00:00" to "23:59", found "8:00"',
        'gimli.json5:2: agents.defaults.heartbeat.activeHours.end: expected a time of day from "00:00" to "24:00", found "25:00"',
      ],
    ],
    [
      'an unknown time zone',
      heartbeat('activeHours: { start: "08:00", end: "22:00", timezone: "Mars/Base" }'),
      [
        'gimli.json5:2: agents.defaults.heartbeat.activeHours.timezone: expected an IANA time zone such as "Europe/Oslo", or "local", found "Mars/Base"',
      ],
    ],

    [
      'an unknown key of a mapping',
      mapping('{ message: "x", transform: { module: "a.ts" } }'),
      ['gimli.json5:3: hooks.mappings[0].message: unknown key; did you mean "messageTemplate"?'],
    ],
    ...[
      ['runs', 'runs'],
      ['/workflows/x', 'workflows'],
    ].map(([path, name]): [string, string, string[]] => [
      `a mapping at ${path}, which is the API's`,
      mapping(`{ match: { path: "${path}" }, messageTemplate: "x" }`),
      [
        `gimli.json5:3: hooks.mappings[0].match.path: "${name}" belongs to the API of Gimli itself; expected another name`,
      ],
    ]),
    [
      'an agent mapping that says nothing',
      mapping('{ name: "x" }'),
      ['gimli.json5:3: hooks.mappings[0]: a mapping of action agent needs a messageTemplate or a transform'],
    ],
    [
      'a wake mapping that says nothing',
      mapping('{ action: "wake" }'),
      ['gimli.json5:3: hooks.mappings[0]: a mapping of action wake needs a textTemplate or a transform'],
    ],
    [
      'a template of the other action',
      mapping('{ textTemplate: "x" },\n  { action: "wake", messageTemplate: "x" }'),
      [
        'gimli.json5:3: hooks.mappings[0].textTemplate: would be ignored: action agent does not use it; wake does',
        'gimli.json5:4: hooks.mappings[1].messageTemplate: would be ignored: action wake does not use it; agent does',
      ],
    ],
    [
      'a workflow without steps',
      mapping('{ action: "workflow", name: "x", transform: { module: "a.ts" } }'),
      ['gimli.json5:3: hooks.mappings[0]: a mapping of action workflow needs steps, or a workflow by its id'],
    ],
    [
      'what a workflow makes no use of, all at once',
      mapping(
        '{ action: "workflow",\n workflow: "a",\n steps: [{ id: "a", message: "x" }],\n coalesce: { key: "x" },\n messageTemplate: "x",\n textTemplate: "x" }',
      ),
      [
        'gimli.json5:5: hooks.mappings[0].steps: would be ignored: the steps are those of `workflow`; leave one of the two out (line 4)',
        'gimli.json5:6: hooks.mappings[0].coalesce: would be ignored: action workflow does not use it; agent does',
        'gimli.json5:7: hooks.mappings[0].messageTemplate: would be ignored: action workflow does not use it; agent does',
        'gimli.json5:8: hooks.mappings[0].textTemplate: would be ignored: action workflow does not use it; wake does',
      ],
    ],
    ...[
      ['agent', 'messageTemplate'],
      ['wake', 'textTemplate'],
    ].map(([action, template]): [string, string, string[]] => [
      `what only a workflow has, in a mapping of action ${action}`,
      mapping(
        `{ action: "${action}", ${template}: "x",\n workflow: "a",\n steps: [{ id: "a", message: "x" }],\n continueOnError: true,\n deliver: "every-step" }`,
      ),
      [
        ...['4: hooks.mappings[0].workflow', '5: hooks.mappings[0].steps', '6: hooks.mappings[0].continueOnError'].map(
          (place) => `gimli.json5:${place}: would be ignored: action ${action} does not use it; workflow does`,
        ),
        action === 'wake'
          ? 'gimli.json5:7: hooks.mappings[0].deliver: would be ignored: action wake does not use it; agent and workflow do'
          : 'gimli.json5:7: hooks.mappings[0].deliver: expected true or false, found "every-step": a mapping of action agent has no steps',
      ],
    ]),
    [
      'steps without an action, of which agent is the usual one',
      mapping('{ steps: [{ id: "a", message: "x" }] }'),
      ['gimli.json5:3: hooks.mappings[0].steps: would be ignored: action agent does not use it; workflow does'],
    ],
    [
      'an action that is mistyped, without more about its steps',
      mapping('{ action: "worflow", steps: [{ id: "a", message: "x" }], deliver: "every-step" }'),
      ['gimli.json5:3: hooks.mappings[0].action: expected one of wake, agent, workflow, found "worflow"'],
    ],
    [
      'steps of a mapping that are none',
      mapping(
        '{ action: "workflow", steps: [\n { id: " ", mesage: "x" },\n { id: "a", message: "", condition: "never", deliver: true },\n "x" ] }',
      ),
      [
        'gimli.json5:4: hooks.mappings[0].steps[0].message: missing; expected a non-blank string',
        'gimli.json5:4: hooks.mappings[0].steps[0].id: expected a non-blank string of at most 200 characters, found " "',
        'gimli.json5:4: hooks.mappings[0].steps[0].mesage: unknown key; did you mean "message"?',
        'gimli.json5:5: hooks.mappings[0].steps[1].message: expected a non-blank string, found ""',
        'gimli.json5:5: hooks.mappings[0].steps[1].condition: expected one of always, previous-success, previous-error, found "never"',
        'gimli.json5:5: hooks.mappings[0].steps[1].deliver: unknown key; expected one of id, message, condition, model, thinking, timeoutSeconds, name',
        'gimli.json5:6: hooks.mappings[0].steps[2]: expected an object with id, message, found "x"',
      ],
    ],
    [
      'workflows that are none',
      `{ workflows: {\n a: { steps: [] },\n b: { name: "x" },\n c: { steps: [${'{ id: "a", message: "x" },'.repeat(101)}] },\n d: { steps: [{ id: "a", message: "x" }],\n deliver: "each",\n sessionKey: "x" } } }`,
      [
        'gimli.json5:2: workflows.a.steps: expected a list of 1 to 100 steps, found an empty list',
        'gimli.json5:3: workflows.b.steps: missing; expected a list of 1 to 100 steps',
        'gimli.json5:4: workflows.c.steps: expected a list of 1 to 100 steps, found a list of 101',
        'gimli.json5:6: workflows.d.deliver: expected true, false or "every-step", found "each"',
        'gimli.json5:7: workflows.d.sessionKey: unknown key; expected one of steps, name, model, thinking, timeoutSeconds, wakeMode, channel, to, continueOnError, deliver',
      ],
    ],
    [
      'every-step for a preset, whose mappings need not be workflows',
      '{ hooks: { presets: ["gmail"],\n gmail: { deliver: "every-step", steps: [] } } }',
      [
        'gimli.json5:2: hooks.gmail.deliver: expected true or false, found "every-step"',
        'gimli.json5:2: hooks.gmail.steps: unknown key; expected one of verify, model, thinking, deliver, channel, to, budget, allowUnsafeExternalContent, screen',
      ],
    ],
    [
      'screening of a wake, which no agent reads',
      mapping(
        '{ action: "wake", textTemplate: "x", screen: true },\n  { action: "agent", messageTemplate: "x", screen: true }',
      ),
      ['gimli.json5:3: hooks.mappings[0].screen: would be ignored: action wake does not use it; agent and workflow do'],
    ],
    [
      'fields of a run where there is none',
      mapping(
        '{ action: "wake", textTemplate: "x",\n  tools: ["report"],\n  context: "main", updateMainSession: "freely" }',
      ),
      [
        'gimli.json5:4: hooks.mappings[0].tools: would be ignored: action wake does not use it; agent and workflow do',
        'gimli.json5:5: hooks.mappings[0].context: would be ignored: action wake does not use it; agent and workflow do',
        'gimli.json5:5: hooks.mappings[0].updateMainSession: would be ignored: action wake does not use it; agent and workflow do',
      ],
    ],
    [
      'each key of a run in a mapping that makes none',
      mapping(
        "{ action: 'wake', textTemplate: 'x',\n name: 'x',\n sessionKey: 'hook:x',\n model: 'echo/echo',\n deliver: true,\n to: 'x',\n channel: 'log',\n thinking: 'low',\n timeoutSeconds: 5,\n budget: { perDay: 1 },\n retryFor: '1h',\n allowUnsafeExternalContent: false }",
      ),
      [
        'name',
        'sessionKey',
        'model',
        'deliver',
        'to',
        'channel',
        'thinking',
        'timeoutSeconds',
        'budget',
        'retryFor',
        'allowUnsafeExternalContent',
      ].map(
        (key, at) =>
          `gimli.json5:${at + 4}: hooks.mappings[0].${key}: would be ignored: action wake does not use it; agent and workflow do`,
      ),
    ],
    [
      'a report to a main session that is to hear nothing',
      mapping('{ messageTemplate: "x", updateMainSession: "blocked",\n  tools: ["ping_user",\n  "report"] }'),
      [
        'gimli.json5:5: hooks.mappings[0].tools[1]: expected no "report" where updateMainSession is "blocked": it would tell main something all the same (line 3)',
      ],
    ],
    [
      'limits of runs on a mapping that makes none',
      mapping("{ action: 'wake', textTemplate: 'x',\n coalesce: { key: 'x' },\n rate: '1/m',\n maxConcurrent: 1 }"),
      [
        'gimli.json5:4: hooks.mappings[0].coalesce: would be ignored: action wake does not use it; agent does',
        'gimli.json5:5: hooks.mappings[0].rate: would be ignored: action wake does not use it; agent and workflow do',
        'gimli.json5:6: hooks.mappings[0].maxConcurrent: would be ignored: action wake does not use it; agent and workflow do',
      ],
    ],
    [
      'a coalesce without a key',
      mapping("{ messageTemplate: 'x', coalesce: { quietSeconds: -1 } }"),
      [
        'gimli.json5:3: hooks.mappings[0].coalesce.key: missing; expected a non-empty string',
        'gimli.json5:3: hooks.mappings[0].coalesce.quietSeconds: expected a number from 0 to 86400, found -1',
      ],
    ],
    ...['10', '0/m', '10/y', '1.5/s', '10001/d', '10 / m'].map((rate): [string, string, string[]] => [
      `the rate ${rate}`,
      mapping(`{ messageTemplate: 'x', rate: '${rate}' }`),
      [
        `gimli.json5:3: hooks.mappings[0].rate: expected a rate such as "10/m": a count from 1 to 10000 and s, m, h or d, found "${rate}"`,
      ],
    ]),
    [
      'a condition: one message for all it could be',
      mapping('{ match: { payload: { a: [[]] } }, messageTemplate: "x" }'),
      [
        'gimli.json5:3: hooks.mappings[0].match.payload.a[0]: expected a string, a number, true or false or null, found an empty list',
      ],
    ],
    [
      'a condition: an object is meant as a regex',
      mapping('{ match: { payload: { a: { regexp: "x" } } }, messageTemplate: "x" }'),
      [
        'gimli.json5:3: hooks.mappings[0].match.payload.a.regex: missing; expected a non-empty string',
        'gimli.json5:3: hooks.mappings[0].match.payload.a.regexp: unknown key; did you mean "regex"?',
      ],
    ],

    [
      'a variable that is not set',
      '{ hooks: { enabled: true,\n token: "${HOOK_TOKEN}" } }',
      [
        'gimli.json5:2: hooks.token: the variable HOOK_TOKEN is not set; set it in the environment or in .env, or give a default: ${HOOK_TOKEN:-…}',
      ],
    ],
    [
      'two variables of one value',
      '{ log: { level: "${A}${B}" } }',
      [
        'gimli.json5:1: log.level: the variables A and B are not set; set them in the environment or in .env, or give a default: ${A:-…}',
      ],
    ],
    [
      'a variable that is empty',
      '{ hooks: { token: "${T}" } }',
      ['gimli.json5:1: hooks.token: expected a non-blank string, found nothing in ${T}'],
      { T: '' },
    ],
    [
      'proxies that are no addresses',
      '{ gateway: {\n trustProxy: "garbage" } }',
      [
        'gimli.json5:2: gateway.trustProxy: expected true, a number of proxies, or addresses such as "loopback, 10.0.0.0/8", found "garbage"',
      ],
    ],
    [
      'a range of proxies that is none',
      '{ gateway: { trustProxy: "loopback, ${RANGE}" } }',
      [
        'gimli.json5:1: gateway.trustProxy: expected true, a number of proxies, or addresses such as "loopback, 10.0.0.0/8", found something else in ${RANGE}',
      ],
      { RANGE: '10.0.0.0/99' },
    ],
    [
      'what a variable holds is not shown, nor its default',
      '{ gateway: { port: "${PORT:-secret}" } }',
      ['gimli.json5:1: gateway.port: expected an integer from 0 to 65535, found something else in ${PORT}'],
      { PORT: 'another secret' },
    ],
    [
      'a placeholder that is none',
      '{ log: { level: "${LEVEL" } }',
      ['gimli.json5:1: log.level: expected ${NAME} or ${NAME:-default}, found "${LEVEL"; a plain ${ is written $${'],
    ],

    [
      'a missing comma',
      '{\n gateway: {}\n hooks: {}\n}',
      ["gimli.json5:3: invalid character 'h' at column 2; is a comma, quote or bracket missing before it?"],
    ],
    [
      'a verify without a secret',
      mapping("{ messageTemplate: 'x',\n   verify: { scheme: 'github' } }"),
      ['gimli.json5:4: hooks.mappings[0].verify.secret: missing; the scheme github needs it'],
    ],
    [
      'a verify with an empty secret, by its variable',
      mapping("{ messageTemplate: 'x', verify: {\n scheme: 'github',\n secret: '${EMPTY}' } }"),
      ['gimli.json5:5: hooks.mappings[0].verify.secret: empty: nothing could prove itself with it'],
      { EMPTY: ' ' },
    ],
    [
      'a verify of a preset that lacks what it needs',
      "{ hooks: { presets: ['github'],\n github: { verify: {\n scheme: 'meta', secret: 's' } } } }",
      ['gimli.json5:2: hooks.github.verify.verifyToken: missing; the scheme meta needs it'],
    ],
    [
      'a scheme that there is not',
      mapping("{ messageTemplate: 'x', verify: {\n scheme: 'githb', secret: 's' } }"),
      [`gimli.json5:4: hooks.mappings[0].verify.scheme: expected one of ${schemes.join(', ')}, found "githb"`],
    ],
    [
      'a verify token that is none, without showing it',
      mapping("{ messageTemplate: 'x', verify: { scheme: 'meta', secret: 's',\n verifyToken: 12345 } }"),
      ['gimli.json5:4: hooks.mappings[0].verify.verifyToken: expected a non-blank string, found a number (not shown)'],
    ],
    [
      'a missing bracket',
      '{\n gateway: {\n',
      ['gimli.json5:3: invalid end of input at column 1; is a comma, quote or bracket missing before it?'],
    ],
    [
      'a missing quote',
      '{\n log: { level: "info } \n}',
      ['gimli.json5:2: this string does not end on its line; expected a closing quote'],
    ],
  ];

  it.each(cases.map(([title, text, problems, env = {}]) => ({ title, text, problems, env })))(
    '$title',
    ({ text, problems, env }) => {
      expect(problemsOf(text, env)).toEqual(problems);
    },
  );

  it('all at once, in the order of the lines', () => {
    const text = `{
      gateway: { port: "\${PORT}", prot: 1 },
      hooks: { enabled: true,
        path: "/",
        mappings: [{ id: 1 }] },
      lgo: {} }`;
    expect(problemsOf(text).map((problem) => problem.split(': ').slice(0, 2).join(' '))).toEqual([
      'gimli.json5:2 gateway.port',
      'gimli.json5:2 gateway.prot',
      'gimli.json5:3 hooks.token',
      'gimli.json5:4 hooks.path',
      'gimli.json5:5 hooks.mappings[0]',
      'gimli.json5:5 hooks.mappings[0].id',
      'gimli.json5:6 lgo',
    ]);
  });

  it('with the right line under a byte-order mark and Windows line ends, and with that of the second of two equal keys', () => {
    expect(problemsOf('\uFEFF{\r\n log: { level: "info" },\r\n log: { level: "x" },\r\n}')).toEqual([
      'gimli.json5:3: log: written twice (first in line 2)',
    ]);
  });

  it('without a line where the text cannot be located', () => {
    expect(problemsOf('{ gateway: { port: -.5 } }')).toEqual([
      'gimli.json5: gateway.port: expected an integer from 0 to 65535, found -0.5',
    ]);
  });

  it('a file that is missing says how to make one, and a folder is no file', () => {
    expect(() => loadConfig(file)).toThrow(/gimli\.json5: there is no such file; make one with "gimli init"$/);
    mkdirSync(file);
    expect(() => loadConfig(file)).toThrow(/gimli\.json5: cannot be read: .*EISDIR/);
  });
});

describe('a good config', () => {
  it('gets every default but those of what is optional, which stays unsaid', () => {
    const { config } = load(
      '{ hooks: { presets: ["gmail"], gmail: { model: "m" }, mappings: [{ messageTemplate: "x" }] } }',
    );
    expect(config.gateway).toEqual({ host: '127.0.0.1', port: 18789, trustProxy: false, drainSeconds: 10 });
    expect(config.agents.defaults.heartbeat).toEqual({
      every: '30m',
      target: 'last',
      ackMaxChars: 300,
      minGapSeconds: 0,
      tools: [],
    });
    expect(config.hooks).toMatchObject({
      enabled: false,
      path: '/hooks',
      maxBodyBytes: 262_144,
      allowQueryToken: true,
    });
    expect(config.hooks.mappings).toEqual([{ messageTemplate: 'x' }]);
    expect(config.hooks).toHaveProperty('gmail', { model: 'm' });
  });

  it.each([
    ['hooks///', '/hooks'],
    ['/a//b/', '/a/b'],
  ])('has its hooks.path %s normalised', (path, normalised) => {
    expect(load(`{ hooks: { path: "${path}" } }`).config.hooks.path).toBe(normalised);
  });

  it('may have the fields of a run in a wake mapping whose transform can make it one', () => {
    const rule = { action: 'wake', transform: { module: 'a.ts' }, tools: ['report'], context: 'main' };
    expect(load(JSON.stringify({ hooks: { mappings: [rule] } })).config.hooks.mappings).toMatchObject([rule]);
  });

  it.each([true, 2, 'loopback', '10.0.0.0/8, 192.168.1.1', 'fd00::/8'])('may trust the proxies %j', (trustProxy) => {
    expect(load(JSON.stringify({ gateway: { trustProxy } })).config.gateway.trustProxy).toBe(trustProxy);
  });

  it('has absolute paths that count from its folder', () => {
    const { config } = load(`{
      hooks: { presets: ["github", "shop.json5", "./p/x.json5", "/abs/y.json5"], transformsDir: "../t" },
      agents: { defaults: { workspace: "~/w" }, providers: {
        a: { api: "command", command: "./bin/agent", cwd: "work" }, b: { api: "command", command: "claude" } }, mcpServers: {
        named: { command: "npx" }, own: { command: "./serve.py", cwd: "~/s" }, remote: { url: "https://x.example/mcp" } } },
      store: { url: "sqlite:a b.db" }, specs: { dir: "webhooks" } }`);
    expect(config.hooks.presets).toEqual(['github', join(dir, 'shop.json5'), join(dir, 'p/x.json5'), '/abs/y.json5']);
    expect(config.hooks.transformsDir).toBe(join(dir, '../t'));
    expect(config.specs.dir).toBe(join(dir, 'webhooks'));
    expect(config.agents.defaults.workspace).toBe(join(homedir(), 'w'));
    expect(config.agents.providers).toEqual({
      a: { api: 'command', command: join(dir, 'bin/agent'), cwd: join(dir, 'work') },
      b: { api: 'command', command: 'claude' },
    });
    expect(config.agents.mcpServers).toMatchObject({
      named: { command: 'npx', cwd: dir },
      own: { command: join(dir, 'serve.py'), cwd: join(homedir(), 's') },
    });
    expect(config.agents.mcpServers.remote).not.toHaveProperty('cwd');
    expect(config.store.url).toBe(`sqlite:${join(dir, 'a b.db')}`);
  });

  it('reads variables from .env beside it, where the environment does not set them', () => {
    writeFileSync(join(dir, '.env'), '\uFEFFLEVEL=warn\nMODEL="echo/a" # comment\n');
    const { config, env, envFile } = load(
      '{ log: { level: "${LEVEL}" }, agents: { defaults: { model: "${MODEL}" } } }',
      {
        LEVEL: 'debug',
      },
    );
    expect([config.log.level, config.agents.defaults.model]).toEqual(['debug', 'echo/a']);
    expect(env).toEqual({ LEVEL: 'debug', MODEL: 'echo/a' });
    expect(envFile).toBe(join(dir, '.env'));
  });

  it('tells which variable the hook token is from, and whether .env has it', () => {
    const text = '{ hooks: { token: "${T}" } }';
    expect(load(text, { T: 'a' }).hookTokenVariable).toEqual({ name: 'T' });
    writeFileSync(join(dir, '.env'), 'T=b');
    expect(load(text).hookTokenVariable).toEqual({ name: 'T', file: join(dir, '.env') });
    expect(load(text, { T: 'a' }).hookTokenVariable).toEqual({ name: 'T' });
    expect(load('{ hooks: { token: "x${T}" } }').hookTokenVariable).toBeUndefined();
    expect(load('{ hooks: { token: "plain" } }').hookTokenVariable).toBeUndefined();
  });

  it('locates problems that show only later', () => {
    const { locate } = load('{ hooks: { mappings: [\n { messageTemplate: "{{#a}}" } ] } }');
    const [line] = locate([{ path: '/hooks/mappings/0/messageTemplate', message: 'unclosed section "a"' }]);
    expect(line).toBe(`${file}:2: hooks.mappings[0].messageTemplate: unclosed section "a"`);
  });
});

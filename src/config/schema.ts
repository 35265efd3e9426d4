import { type Static, Type } from 'typebox';
import { channelNames, channelSettings } from '../channels/catalog.ts';
import { durationPattern } from '../domain/duration.ts';
import { runTools } from '../domain/mapping.ts';
import { secretText } from '../domain/secret.ts';
import { serverId, toolsSchema } from '../domain/tool-grant.ts';
import { agentFields, replyFields } from './action-schema.ts';
import { heartbeat } from './heartbeat-schema.ts';
import { keep } from './keep-schema.ts';
import { mappingSchema, presetOverlaySchema, workflowSchema } from './mapping-schema.ts';
import { budget, prices } from './money-schema.ts';

/**
 * The one description of gimli.json5. Types, defaults, error messages, `config/gimli.schema.json` and
 * `docs/configuration.md` all derive from it; `npm run generate` writes the two files anew. A `title` says in words
 * what a `pattern` asks for, since messages are for people.
 */
const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };
const duration = { pattern: durationPattern, title: 'a time such as "90s", "30m", "1h30m" or "1d"' };

const gateway = Type.Object(
  {
    host: Type.String({ ...text, default: '127.0.0.1', description: 'The address to listen on.' }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 18789,
      description: 'The port to listen on; 0 takes a free one.',
    }),
    token: Type.Optional(
      Type.String({
        ...text,
        ...secretText,
        description: 'Opens `/api` and `/metrics`. Without it they are closed. Not the hook token.',
      }),
    ),
    trustProxy: Type.Union([Type.Boolean(), Type.Integer({ minimum: 0 }), Type.String(text)], {
      default: false,
      description: "Express's `trust proxy`: which proxies may say where a request came from.",
    }),
    drainSeconds: Type.Number({
      minimum: 0,
      maximum: 600,
      default: 10,
      description: 'How long a stop waits for runs under way before it hands them back to be run after the next start.',
    }),
  },
  { ...strict, default: {}, description: 'Where Gimli listens, and who may look in.' },
);

const hooks = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'Serve hooks. Needs `hooks.token`.' }),
    token: Type.Optional(
      Type.String({ ...text, ...secretText, description: 'What callers of hooks present as `Authorization: Bearer`.' }),
    ),
    path: Type.String({ ...text, default: '/hooks', description: 'Where hooks live. Never `/`.' }),
    maxBodyBytes: Type.Integer({
      minimum: 1,
      default: 262_144,
      description: 'Limit of a request body in bytes; a mapping may set its own.',
    }),
    maxTextChars: Type.Integer({
      minimum: 1000,
      default: 1_048_576,
      description:
        'How long all texts that are made of one event may be together, in characters and with the values in their places; longer ones are refused with 400. A run that `coalesce` gathers takes no more events than fit.',
    }),
    presets: Type.Array(Type.String(text), {
      default: [],
      description:
        'Shipped presets by name, or files in the same format by path (relative to this file). `${NAME}` in them is read as in this file.',
    }),
    mappings: Type.Array(mappingSchema, { default: [], description: 'Your own rules; the first that matches wins.' }),
    transformsDir: Type.String({
      ...text,
      default: './transforms',
      description: 'Where `transform.module` files live.',
    }),
    allowQueryToken: Type.Boolean({ default: true, description: 'Accept the deprecated `?token=`.' }),
    allowedSessionKeyPrefixes: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Session keys that a caller of `/hooks/agent` may choose must start with one of these.',
      }),
    ),
  },
  {
    additionalProperties: presetOverlaySchema,
    default: {},
    description:
      'What the outside world may call. Any other key is the name of an enabled preset: see `hooks.<preset>`.',
  },
);

const specs = Type.Object(
  {
    dir: Type.String({
      ...text,
      default: './specs',
      description: 'The folder of the specs: `*.md`. It need not exist.',
    }),
    port: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65535,
        description:
          'A port of their own for specs, on `gateway.host`; 0 takes a free one. Unless given: the variable `WEBHOOK_PORT`; without that too, they share `gateway.port`.',
      }),
    ),
    secret: Type.Optional(
      Type.String({
        ...text,
        ...secretText,
        description:
          'What callers of specs present as `Authorization: Bearer` on that port. Unless given: the variable `WEBHOOK_SECRET`. On `gateway.port` it is `hooks.token`.',
      }),
    ),
  },
  { ...strict, default: {}, description: 'Markdown files that answer at `/hook/<id>`.' },
);

const defaults = Type.Object(
  {
    model: Type.String({
      ...text,
      default: 'auto',
      description:
        '`provider/model`, an alias, or `auto`: Anthropic when ANTHROPIC_API_KEY is set, else OpenAI when OPENAI_API_KEY is, else `echo`, which calls no model and repeats what it was asked.',
    }),
    fallbacks: Type.Array(Type.String(text), {
      uniqueItems: true,
      default: [],
      description: 'Models that are asked, in this order, while the provider of a run’s own model is down.',
    }),
    models: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1 }),
        Type.Object({ alias: Type.Optional(Type.String({ ...text, description: 'A short name for it.' })) }, strict),
        {
          description:
            'When given, the only models that runs may use, by `provider/model`, each with an optional alias.',
        },
      ),
    ),
    thinking: Type.Optional(replyFields.thinking),
    timeoutSeconds: Type.Integer({ ...agentFields.timeoutSeconds, default: 600 }),
    maxTimeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 86400,
      default: 3600,
      description:
        'The most that a call or a transform may ask for as `timeoutSeconds`: more is shortened, with a warning on the run. What a mapping says holds as it is.',
    }),
    maxConcurrent: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 8,
      description: 'How many runs may be under way at once.',
    }),
    tools: toolsSchema(runTools, {
      default: [],
      description: 'What the run of a hook may do besides answering, unless its mapping lists `tools` itself.',
    }),
    workspace: Type.String({
      ...text,
      default: './workspace',
      description:
        'The folder of HEARTBEAT.md, of the files that tools may work on, and where commands run that have no `cwd`.',
    }),
    timezone: Type.String({
      ...text,
      default: 'local',
      description:
        'Where you are: an IANA name such as `Europe/Oslo`, or `local` for the zone of this machine. Every prompt says what time it is there.',
    }),
    budget,
    retryFor: Type.String({
      ...duration,
      default: '7d',
      description:
        'How long a run waits for a provider or a server of tools that is down before it ends in `error`; a mapping may say otherwise. Where only you can mend it (a refused key, empty credit), it waits for you.',
    }),
    heartbeat,
  },
  { ...strict, default: {}, description: 'What every run starts from; a mapping or a call may say otherwise.' },
);

const provider = Type.Object(
  {
    api: Type.Enum(['anthropic', 'openai', 'openai-chat', 'command', 'echo'], {
      description:
        'What the provider speaks: Anthropic’s Messages, OpenAI’s Responses, chat completions, or stdin and stdout of a command.',
    }),
    baseURL: Type.Optional(
      Type.String({
        ...text,
        description: 'Another address than the vendor’s own: without `/v1` for `anthropic`, with it for the others.',
      }),
    ),
    apiKey: Type.Optional(
      Type.String({ ...text, description: 'Usually `${SOME_API_KEY}`. `openai-chat` does without.' }),
    ),
    command: Type.Optional(
      Type.String({
        ...text,
        description: 'A program, by name or path: it reads the prompt from stdin and writes its reply.',
      }),
    ),
    args: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Its arguments, in which `{model}` stands for the model’s id. No shell.',
      }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: '^[^=\\0]+$' }), Type.String(), {
        description: 'Its environment, besides PATH, HOME, LANG and TMPDIR.',
      }),
    ),
    cwd: Type.Optional(
      Type.String({ ...text, description: 'The folder it runs in; `agents.defaults.workspace` unless given.' }),
    ),
    contextTokens: Type.Optional(
      Type.Integer({
        minimum: 1000,
        description:
          'How many tokens its models take at once, prompt and reply together. Goes over what is known of a model; prompts and history are kept within it.',
      }),
    ),
  },
  strict,
);

const mcpServer = Type.Object(
  {
    command: Type.Optional(
      Type.String({ ...text, description: 'The program that is the server, for one that runs here.' }),
    ),
    args: Type.Optional(Type.Array(Type.String(), { description: 'Its arguments.' })),
    env: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String(), {
        description: 'What it finds in its environment besides HOME, PATH and the like; nothing else is handed down.',
      }),
    ),
    cwd: Type.Optional(
      Type.String({ ...text, description: 'The folder it runs in; the one of this file unless given.' }),
    ),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://\\S+$',
        title: 'an http(s) address',
        description: 'The address of a server that runs elsewhere (streamable HTTP).',
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String(), { description: 'Sent along to that address.' }),
    ),
    startTimeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 600,
      default: 30,
      description: 'How long it may take to start or to be reached.',
    }),
    timeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 86400,
      default: 60,
      description: 'Limit of one call, in seconds.',
    }),
  },
  strict,
);

export const configSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'For editors.' })),
    gateway,
    hooks,
    workflows: Type.Record(Type.String({ pattern: '\\S' }), workflowSchema, {
      ...strict,
      default: {},
      description: 'Workflows by id, for `POST /hooks/workflow {id}` and for mappings with `action: "workflow"`.',
    }),
    specs,
    agents: Type.Object(
      {
        defaults,
        providers: Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]*$' }), provider, {
          ...strict,
          default: {},
          description:
            'Model providers by id. `anthropic`, `openai`, `ollama`, `openrouter` and `echo` exist without being listed.',
        }),
        prices,
        mcpServers: Type.Record(Type.String({ pattern: `^${serverId}$` }), mcpServer, {
          ...strict,
          default: {},
          description:
            'MCP servers by id, each with a `command` or a `url`. One is started when a run first needs it; which runs may use it, `tools` of a mapping says.',
        }),
      },
      { ...strict, default: {} },
    ),
    screening: Type.Object(
      {
        model: Type.String({
          ...text,
          default: 'anthropic/claude-haiku-5-5',
          description:
            'The model that is asked: `provider/model` or an alias. `agents.defaults.models` need not list it.',
        }),
        onError: Type.Enum(['block', 'allow'], {
          default: 'block',
          description:
            'What becomes of a run whose values could not be screened: it ends in `error`, or goes on with a warning in the log.',
        }),
      },
      {
        ...strict,
        default: {},
        description: 'Asking a small model whether a value is an attack, for mappings with `screen: true`.',
      },
    ),
    channels: Type.Object(
      {
        owner: Type.Optional(
          Type.Object(
            {
              channel: Type.Enum([...channelNames], { description: 'Where the owner is reached.' }),
              to: Type.Optional(replyFields.to),
            },
            { ...strict, description: 'Where replies go when no delivery of main has set a route yet.' },
          ),
        ),
        ...channelSettings(),
      },
      { ...strict, default: {} },
    ),
    store: Type.Object(
      {
        url: Type.String({
          pattern: '^sqlite:.+',
          title: '"sqlite:" and a path',
          default: 'sqlite:./data/gimli.db',
          description: 'Where everything is kept: `sqlite:` and a path.',
        }),
        keep,
      },
      { ...strict, default: {} },
    ),
    alarms: Type.Object(
      {
        command: Type.Optional(
          Type.String({
            ...text,
            description: 'A program, by name or path, that is given each alarm on stdin, and its end. No shell.',
          }),
        ),
        args: Type.Array(Type.String(), { default: [], description: 'Its arguments.' }),
      },
      { ...strict, default: {}, description: 'Word to you, without a model, of what needs a person.' },
    ),
    log: Type.Object(
      {
        level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
          default: 'info',
          description: 'The least level that is logged.',
        }),
      },
      { ...strict, default: {} },
    ),
  },
  strict,
);

/** A valid config with every default in place; paths in it are absolute. */
export type Config = Static<typeof configSchema>;

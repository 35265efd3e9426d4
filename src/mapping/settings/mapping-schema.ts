import { type Static, type TSchema, Type } from 'typebox';
import { replyFields } from '../../agent/settings/reply-fields.ts';
import { ratePattern, usualMaxSeconds, usualQuietSeconds } from '../../domain/limits.ts';
import { runTools } from '../../domain/mapping.ts';
import { actionKinds, actionsOf } from '../../domain/mapping-keys.ts';
import { durationPattern } from '../../domain/time/duration.ts';
import { toolsSchema } from '../../domain/tool-grant.ts';
import { verifySchema } from '../../verify/settings.ts';
import { agentFields, deliverChoices, mostSteps, stepFields, workflowFields } from './action-schema.ts';

const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const condition = Type.Union([
  scalar,
  Type.Array(scalar, { minItems: 1 }),
  Type.Object({ regex: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
]);
const conditions = Type.Record(Type.String({ minLength: 1 }), condition);

const matchSchema = Type.Object(
  {
    path: Type.Optional(
      Type.String({ minLength: 1, description: 'The hook name: the part of the URL after `hooks.path`.' }),
    ),
    source: Type.Optional(Type.String({ minLength: 1, description: 'Shorthand for `payload: {source: …}`.' })),
    headers: Type.Optional(conditions),
    payload: Type.Optional(conditions),
  },
  { additionalProperties: false },
);

const transformSchema = Type.Object(
  {
    module: Type.String({ minLength: 1, description: 'A .js, .mjs or .ts file inside `hooks.transformsDir`.' }),
    export: Type.Optional(Type.String({ minLength: 1, description: 'The exported function; `default` unless given.' })),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000, default: 5000 })),
  },
  { additionalProperties: false },
);

const seconds = { minimum: 0, maximum: 86_400 };
const coalesceSchema = Type.Object(
  {
    key: Type.String({
      minLength: 1,
      description:
        'Template: events for which it renders the same go into one run. Where a placeholder renders empty, the event has a run of its own.',
    }),
    quietSeconds: Type.Optional(
      Type.Number({
        ...seconds,
        default: usualQuietSeconds,
        description: 'The run begins when no event has joined it for so long.',
      }),
    ),
    maxSeconds: Type.Optional(
      Type.Number({
        ...seconds,
        default: usualMaxSeconds,
        description: 'And so long after its first event at the latest.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Events that come close together become one run.' },
);

const budget = Type.Object(
  {
    perDay: Type.Number({
      minimum: 0,
      description:
        'Once its runs of a day (UTC) have cost so much, in US dollars, the others wait until the day is over.',
    }),
  },
  { additionalProperties: false, description: 'How much this mapping may spend, beside `agents.defaults.budget`.' },
);

/** Safety switches: they live in a mapping and nowhere else, so no payload and no transform can reach them. */
export const safetyFields = {
  allowUnsafeExternalContent: Type.Boolean({
    default: false,
    description: 'DANGEROUS: put external values into the prompt without the fence. Only for sources you control.',
  }),
  schema: Type.Record(Type.String(), Type.Unknown(), {
    description: 'JSON Schema (draft 7) of the payload: what does not fit is refused with 400 and the reasons.',
  }),
  screen: Type.Boolean({
    default: false,
    description: 'Ask a small model whether a value is an attack before the agent sees it; see `screening`.',
  }),
  tools: toolsSchema(runTools, {
    description:
      'What a run may do besides answering: `ping_user` sends the owner a message, `report` tells main something, `command` lets it run on a model that is a command; `read`, `glob`, `grep`, `write`, `edit` work on the files of `agents.defaults.workspace`; `bash` does whatever the user of the gateway can; `mcp:<server>` and `mcp:<server>/<tool>` are what a server of `agents.mcpServers` offers. `agents.defaults.tools` unless given.',
  }),
  context: Type.Enum(['none', 'main'], {
    default: 'none',
    description: 'Whether a run sees the recent conversation of main.',
  }),
  updateMainSession: Type.Enum(['always', 'on_ping', 'freely', 'blocked'], {
    default: 'always',
    description:
      'What a run tells the main session: its summary; its summary if it pinged the owner; what it says with the tool `report`; nothing.',
  }),
};

const { model, thinking, channel, to, name, sessionKey, wakeMode, timeoutSeconds } = agentFields;

const stepsSchema = Type.Array(
  Type.Object({ ...stepFields, name: Type.Optional(name) }, { additionalProperties: false }),
  {
    minItems: 1,
    maxItems: mostSteps,
    title: `a list of 1 to ${mostSteps} steps`,
    description: 'The steps of a workflow. A `message` is a Mustache template, and what it says is yours.',
  },
);
export type StepRule = Static<typeof stepsSchema>[number];

/** `workflows.<id>`: what a call of `/hooks/workflow` or a mapping starts by its id alone. */
export const workflowRuleSchema = Type.Object(
  {
    steps: stepsSchema,
    ...Type.Partial(Type.Object({ name, model, thinking, timeoutSeconds, wakeMode, channel, to, ...workflowFields }))
      .properties,
  },
  { additionalProperties: false },
);
export type WorkflowRule = Static<typeof workflowRuleSchema>;

/** Keys that not every action uses say in their descriptions which do. */
function withActions<T extends Record<string, TSchema>>(properties: T): T {
  const said = Object.entries(properties).map(([key, schema]) => {
    const users = actionsOf(key);
    const { description = '' } = schema as { description?: string };
    return [key, users ? { ...schema, description: `${description} Action ${users.join(', ')}.`.trim() } : schema];
  });
  return Object.fromEntries(said) as T;
}

/** A rule from event to action, as `hooks.mappings` and presets write it. */
export const mappingSchema = Type.Object(
  {
    ...Type.Partial(
      Type.Object(
        withActions({
          id: Type.String({ minLength: 1, description: 'A name for this mapping in logs and records.' }),
          match: matchSchema,
          verify: verifySchema,
          action: Type.Enum([...actionKinds], { default: 'agent' }),
          wakeMode,
          name,
          sessionKey,
          messageTemplate: Type.String({ minLength: 1, description: 'Mustache template of the message.' }),
          textTemplate: Type.String({ minLength: 1, description: 'Mustache template of the line.' }),
          workflow: Type.String({ minLength: 1, description: 'The id of one of `workflows`.' }),
          steps: stepsSchema,
          continueOnError: workflowFields.continueOnError,
          deliver: Type.Union(workflowFields.deliver.anyOf, {
            title: deliverChoices,
            description:
              'Send the reply through a channel: `true` unless given. Of a workflow: `false` unless given; `true` sends the reply of the step that ran last, `"every-step"` that of each.',
          }),
          channel,
          to,
          model,
          thinking,
          timeoutSeconds,
          transform: transformSchema,
          forEach: Type.String({
            minLength: 1,
            description: 'A top-level array of the payload: one action per element.',
          }),
          maxBodyBytes: Type.Integer({ minimum: 1, description: 'Body limit of this hook in bytes.' }),
          dedupeKey: Type.String({
            minLength: 1,
            description:
              'Template: of several events (with `forEach`: elements) for which it renders the same, one is acted on.',
          }),
          coalesce: coalesceSchema,
          rate: Type.String({
            pattern: ratePattern,
            title: 'a rate such as "10/m": a count from 1 to 10000 and s, m, h or d',
            description:
              'How many runs of this mapping may begin in a second, minute, hour or day: `10/m`. The rest waits.',
          }),
          maxConcurrent: Type.Integer({
            minimum: 1,
            maximum: 1000,
            description: 'How many runs of this mapping may be under way at once. The rest waits.',
          }),
          retryFor: Type.String({
            pattern: durationPattern,
            title: 'a time such as "90s", "30m" or "1d"',
            description: 'How long its runs wait for a provider that is down; `agents.defaults.retryFor` unless given.',
          }),
          expect: Type.String({
            pattern: durationPattern,
            title: 'a time such as "1h" or "1d"',
            description: 'An alarm goes out when no event of this mapping was accepted for so long.',
          }),
          budget,
          ...safetyFields,
        }),
      ),
    ).properties,
  },
  { additionalProperties: false },
);
export type MappingRule = Static<typeof mappingSchema>;

/** `hooks.<preset>`: what the owner changes in every mapping of that preset. */
export const presetOverlaySchema = Type.Object(
  {
    ...Type.Partial(
      Type.Object({
        verify: verifySchema,
        ...replyFields,
        budget,
        allowUnsafeExternalContent: safetyFields.allowUnsafeExternalContent,
        screen: safetyFields.screen,
      }),
    ).properties,
  },
  { additionalProperties: false },
);
export type PresetOverlay = Static<typeof presetOverlaySchema>;

/** A shipped list of mappings: `presets/<name>.json5`. */
export const presetSchema = Type.Object(
  {
    description: Type.String({ minLength: 1 }),
    /** of every mapping that has none of its own */
    verify: Type.Optional(verifySchema),
    /** what the variables hold that the preset reads, in words that tell the owner where to find it */
    variables: Type.Optional(Type.Record(Type.String(), Type.String({ minLength: 1 }))),
    mappings: Type.Array(mappingSchema, { minItems: 1 }),
    samples: Type.Record(
      Type.String(),
      Type.Object(
        { headers: Type.Optional(Type.Record(Type.String(), Type.String())), body: Type.Unknown() },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Preset = Static<typeof presetSchema>;

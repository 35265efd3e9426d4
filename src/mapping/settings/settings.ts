import { type Static, Type } from 'typebox';
import { secretText } from '../../domain/text/secret.ts';
import { mappingSchema, presetOverlaySchema, workflowRuleSchema } from './mapping-schema.ts';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };

/** `hooks` */
export const hooksSettings = Type.Object(
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
export type HooksSettings = Static<typeof hooksSettings>;

/** The keys of `hooks` that are not the name of a preset. */
export const hookKeys: readonly string[] = Object.keys(hooksSettings.properties);

/** `workflows` */
export const workflows = Type.Record(Type.String({ pattern: '\\S' }), workflowRuleSchema, {
  ...strict,
  default: {},
  description: 'Workflows by id, for `POST /hooks/workflow {id}` and for mappings with `action: "workflow"`.',
});
export type WorkflowsSettings = Static<typeof workflows>;

/** `specs` */
export const specsSettings = Type.Object(
  {
    dir: Type.String({
      ...text,
      default: './specs',
      description: 'The folder of the specs: `*.md`. It need not exist.',
    }),
    port: Type.Optional(
      Type.Integer({
        needsRestart: true,
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
export type SpecsSettings = Static<typeof specsSettings>;

import { type Static, Type } from 'typebox';
import { runTools } from '../../domain/mapping.ts';
import { durationPattern } from '../../domain/time/duration.ts';
import { toolsSchema } from '../../domain/tool-grant.ts';
import type { Origins, Problem } from '../../schema/problem.ts';
import { heartbeat } from './heartbeat.ts';
import { budget } from './money.ts';
import { replyFields, timeoutSeconds } from './reply-fields.ts';
import { checkTimezone } from './timezone.ts';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };
const duration = { pattern: durationPattern, title: 'a time such as "90s", "30m", "1h30m" or "1d"' };

/** `agents.defaults` */
export const defaults = Type.Object(
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
    timeoutSeconds: Type.Integer({ ...timeoutSeconds, default: 600 }),
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
export type Defaults = Static<typeof defaults>;

/** What the schema cannot say about the defaults of a config that may still be invalid. */
export function checkDefaults(config: unknown, origins: Origins): Problem[] {
  return checkTimezone(config, origins, ['agents', 'defaults', 'timezone']);
}

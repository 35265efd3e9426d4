import { type Static, Type } from 'typebox';
import { follow } from '../../domain/event.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';
import { catalog } from '../catalog.ts';

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Both) => void
  ? Both
  : never;

/** What any API takes, by the name of the setting. */
const options = Object.assign({}, ...catalog.map((api) => api.options)) as All<(typeof catalog)[number]['options']>;

const provider = Type.Object(
  {
    api: Type.Enum(
      catalog.map(({ name }) => name),
      {
        description:
          'What the provider speaks: Anthropic’s Messages, OpenAI’s Responses, chat completions, or stdin and stdout of a command.',
      },
    ),
    ...Type.Partial(Type.Object(options)).properties,
    contextTokens: Type.Optional(
      Type.Integer({
        minimum: 1000,
        description:
          'How many tokens its models take at once, prompt and reply together. Goes over what is known of a model; prompts and history are kept within it.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Provider = Static<typeof provider>;

/** `agents.providers` */
export const providers = Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]*$' }), provider, {
  additionalProperties: false,
  default: {},
  description:
    'Model providers by id. `anthropic`, `openai`, `ollama`, `openrouter` and `echo` exist without being listed.',
});
export type Providers = Static<typeof providers>;

/** What the schema cannot say about the providers of a config that may still be invalid. */
export function checkProviders(config: unknown): Problem[] {
  const listed = follow(config, ['agents', 'providers']);
  if (typeof listed !== 'object' || listed === null) return [];
  return Object.entries(listed).flatMap(([id, written]) => {
    const name = follow(written, ['api']);
    const api = catalog.find((one) => one.name === name);
    if (!api) return [];
    const isSet = (setting: string) => follow(written, [setting]) !== undefined;
    const problem = (setting: string, message: string) => ({
      path: toPointer(['agents', 'providers', id, setting]),
      message,
    });
    return [
      ...api.needs.filter((one) => !isSet(one)).map((one) => problem(one, `missing; api "${api.name}" needs it`)),
      ...Object.keys(options)
        .filter((one) => isSet(one) && !Object.hasOwn(api.options, one))
        .map((one) => problem(one, `would be ignored: it is not for api "${api.name}"`)),
    ];
  });
}

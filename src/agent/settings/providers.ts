import { type Static, Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import { inWords } from '../../domain/text/in-words.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';
import { builtInProviders } from '../built-in-providers.ts';
import { apiCatalog } from '../catalog.ts';

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Both) => void
  ? Both
  : never;

/** What any API takes, by the name of the setting. */
const options = Object.assign({}, ...apiCatalog.map((api) => api.options)) as All<
  (typeof apiCatalog)[number]['options']
>;

const provider = Type.Object(
  {
    api: Type.Enum(
      apiCatalog.map(({ name }) => name),
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
  description: `Model providers by id. ${inWords(Object.keys(builtInProviders), 'and', '`')} exist without being listed.`,
});
export type Providers = Static<typeof providers>;

/** What the schema cannot say about the providers of a config that may still be invalid. */
export function checkProviders(config: unknown): Problem[] {
  const written = valueAt(config, ['agents', 'providers']);
  if (typeof written !== 'object' || written === null) return [];
  return Object.entries(written).flatMap(([id, one]) => {
    const name = valueAt(one, ['api']);
    const api = apiCatalog.find((known) => known.name === name);
    if (!api) return [];
    const isSet = (setting: string) => valueAt(one, [setting]) !== undefined;
    const problem = (setting: string, message: string) => ({
      path: toPointer(['agents', 'providers', id, setting]),
      message,
    });
    return [
      ...api.needs
        .filter((setting) => !isSet(setting))
        .map((setting) => problem(setting, `missing; api "${api.name}" needs it`)),
      ...Object.keys(options)
        .filter((setting) => isSet(setting) && !Object.hasOwn(api.options, setting))
        .map((setting) => problem(setting, `would be ignored: it is not for api "${api.name}"`)),
    ];
  });
}

import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };

/** `screening` */
export const screening = Type.Object(
  {
    model: Type.String({
      ...text,
      default: 'anthropic/claude-haiku-5-5',
      description: 'The model that is asked: `provider/model` or an alias. `agents.defaults.models` need not list it.',
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
);
export type ScreeningSettings = Static<typeof screening>;

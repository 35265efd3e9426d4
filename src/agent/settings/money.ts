import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false };
const dollars = { minimum: 0, description: 'US dollars for a million tokens.' };

/** `agents.prices` */
export const prices = Type.Record(
  Type.String({ minLength: 1 }),
  Type.Object({ input: Type.Number(dollars), output: Type.Number(dollars) }, strict),
  {
    default: {},
    description:
      'What models cost whose price Gimli does not know, or for which you pay another, by `provider/model` or alias.',
  },
);

export type Prices = Static<typeof prices>;

/** `agents.defaults.budget` */
export const budget = Type.Object(
  {
    perRun: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'A run that has cost more, with all its attempts and its screening, asks no model any more: unless its answer is there already, it ends in `error` with the code `budget`.',
      }),
    ),
    perDay: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'Once the runs and heartbeats of a day (UTC) have cost so much, no other begins until the day is over: they wait. What is under way is finished.',
      }),
    ),
  },
  {
    ...strict,
    default: {},
    description:
      'How much may be spent, in US dollars; without limit unless given. What has no known price does not count: see `agents.prices`.',
  },
);
export type Budget = Static<typeof budget>;

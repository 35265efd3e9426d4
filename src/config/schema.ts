import { type Static, Type } from 'typebox';
import { agents } from '../agent/settings/agents.ts';
import { screening } from '../agent/settings/screening.ts';
import { channelsSettings } from '../channels/settings.ts';
import { gateway } from '../http/settings.ts';
import { hooksSettings, specsSettings, workflows } from '../mapping/settings/settings.ts';
import { alarms } from '../runtime/settings.ts';
import { storeSettings } from '../store/settings.ts';

const strict = { additionalProperties: false };

const log = Type.Object(
  {
    level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      default: 'info',
      description: 'The least level that is logged.',
    }),
  },
  { ...strict, default: {} },
);

/**
 * The one description of gimli.json5: each part's own slice. Types, defaults, error messages, `config/gimli.schema.json` and
 * `docs/configuration.md` all derive from it; `npm run generate` writes the two files anew. A `title` says in words
 * what a `pattern` asks for, since messages are for people.
 */
export const configSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'For editors.' })),
    gateway,
    hooks: hooksSettings,
    workflows,
    specs: specsSettings,
    agents,
    screening,
    channels: channelsSettings,
    store: storeSettings,
    alarms,
    log,
  },
  strict,
);

/** A valid config with every default in place; paths in it are absolute. */
export type Config = Static<typeof configSchema>;

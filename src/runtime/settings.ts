import { Type } from 'typebox';
import type { AgentSettings } from '../agent/settings/agents.ts';
import type { ScreeningSettings } from '../agent/settings/screening.ts';
import type { ChannelSettings } from '../channels/settings.ts';

const text = { minLength: 1, pattern: '\\S' };

/** `alarms` */
export const alarms = Type.Object(
  {
    command: Type.Optional(
      Type.String({
        ...text,
        description: 'A program, by name or path, that is given each alarm on stdin, and its end. No shell.',
      }),
    ),
    args: Type.Array(Type.String(), { default: [], description: 'Its arguments.' }),
  },
  { additionalProperties: false, default: {}, description: 'Word to you, without a model, of what needs a person.' },
);

/** What runs read of the config. */
export interface RuntimeSettings {
  readonly agents: AgentSettings;
  readonly screening: ScreeningSettings;
  readonly channels: ChannelSettings;
}

import { presetName } from '../mapping/settings/preset-name.ts';
import { presetSamples } from '../mapping/sources/preset.ts';
import type { Settings } from '../settings.ts';
import { type Message, takerOf } from './as-its-sender.ts';
import { CommandError } from './command-error.ts';

/**
 * A sample of a preset, for the hook whose mapping takes it. Throws CommandError where there is none of the name.
 * @param of the preset's name, or that of a hook it is for; a shipped preset need not be enabled
 * @param sample its name; the first one unless given
 */
export function sampleMessage(settings: Pick<Settings, 'config' | 'table'>, of: string, sample?: string): Message {
  const { presets } = settings.config.hooks;
  const entry =
    presets.find((preset) => presetName(preset) === of) ??
    presets.find((preset) => presetSamples(preset).hooks.includes(of)) ??
    of;
  const { samples, hooks } = presetSamples(entry);
  const name = sample ?? Object.keys(samples)[0] ?? '';
  const found = Object.hasOwn(samples, name) ? samples[name] : undefined;
  if (!found) {
    throw new CommandError(`${presetName(entry)} has no sample "${name}"; it has ${Object.keys(samples).join(', ')}`);
  }
  const headers = Object.entries(found.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]);
  const message = { headers: Object.fromEntries(headers), body: JSON.stringify(found.body) };
  const hook = hooks.find((candidate) => takerOf(settings, { ...message, hook: candidate })) ?? hooks[0] ?? of;
  return { ...message, hook };
}

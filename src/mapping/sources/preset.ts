import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileSchema, onePerValue } from '../../config/ajv.ts';
import { checkMappings } from '../../config/check-mappings.ts';
import { fileName, parseJson5, readText } from '../../config/json5-file.ts';
import { locateProblems } from '../../config/locate.ts';
import { isPresetFile, presetName } from '../../config/preset-name.ts';
import type { Problem } from '../../config/problem.ts';
import { ConfigError } from '../../domain/errors.ts';
import { follow } from '../../domain/event.ts';
import { type Preset, presetSchema } from '../../domain/mapping.ts';

export interface LoadedPreset extends Preset {
  readonly name: string;
  /** Renders problems that only show when the preset is used, with their lines. */
  locate(problems: readonly Problem[]): string[];
}

/** The presets that come with Gimli lie beside src and dist alike. */
const shipped = fileURLToPath(new URL('../../../presets/', import.meta.url));

/** Names of the presets that come with Gimli. */
export function shippedPresets(): string[] {
  return readdirSync(shipped)
    .filter((file) => file.endsWith('.json5'))
    .map((file) => presetName(`./${file}`));
}

/** Why an entry of `hooks.presets` leads to no file; null where it leads to one. */
export function missingPreset(entry: string): string | null {
  if (isPresetFile(entry)) {
    const stat = statSync(entry, { throwIfNoEntry: false });
    if (!stat) return `there is no file ${fileName(entry)}`;
    return stat.isFile() ? null : `${fileName(entry)} is no file; expected one such as "./presets/shop.json5"`;
  }
  const names = shippedPresets();
  return names.includes(entry) ? null : `there is no preset "${entry}"; there are ${names.join(', ')}`;
}

/** A shipped preset by name, or a file by path. Throws ConfigError with every problem and its line. */
export function loadPreset(entry: string): LoadedPreset {
  const missing = missingPreset(entry);
  if (missing !== null) throw new ConfigError([missing]);
  const file = isPresetFile(entry) ? entry : `${shipped}${entry}.json5`;
  const name = fileName(file);
  const text = readText(file);
  const value = parseJson5(text, name);
  const checked = compileSchema(presetSchema)(value);
  const rules = checkMappings(follow(value, ['mappings']), '/mappings');
  const problems = onePerValue([...(checked.ok ? [] : checked.problems), ...rules]);
  if (!checked.ok || problems.length > 0) throw new ConfigError(locateProblems(name, text, problems));
  return { ...checked.value, name: presetName(entry), locate: (found) => locateProblems(name, text, found) };
}

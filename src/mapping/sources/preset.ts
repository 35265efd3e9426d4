import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../domain/errors.ts';
import { valueAt } from '../../domain/event.ts';
import { type Check, compileSchema, onePerValue } from '../../schema/ajv.ts';
import { type Env, expandEnv, soleVariable } from '../../schema/env.ts';
import { fileName, lostBackslashes, parseJson5, readText, repeatedKeys } from '../../schema/json5-file.ts';
import { locateProblems } from '../../schema/locate.ts';
import type { Problem } from '../../schema/problem.ts';
import { hookName } from '../mapping.ts';
import { checkMappings, verifyProblems } from '../settings/check-mappings.ts';
import { type MappingRule, type Preset, type PresetOverlay, presetSchema } from '../settings/mapping-schema.ts';
import { isPresetFile, presetName } from '../settings/preset-name.ts';
import { setupProblems } from './preset-setup.ts';

/** What the config makes of a preset. */
export interface PresetUse {
  /** what its `${NAME}` are read from */
  readonly env: Env;
  /** what the owner changes in every mapping: it stands in the place of what the preset says, which need not be right then */
  readonly overlay: PresetOverlay;
  /** Renders a problem that no edit of the preset mends, with the place where the owner asked for the preset. */
  place(message: string): string[];
}

export interface LoadedPreset {
  readonly name: string;
  /** complete: with the preset's `verify` and the owner's overlay */
  readonly mappings: readonly MappingRule[];
  /** what its file says and does not mean, a line for each */
  readonly hints: readonly string[];
  /** what the owner should know, with its place, of secrets that are used all the same */
  readonly warnings: readonly string[];
  /** Renders problems that only show when the preset is used, with their lines. */
  locate(problems: readonly Problem[]): string[];
}

/** The presets that come with Gimli lie beside src and dist alike. */
const shipped = fileURLToPath(new URL('../../../presets/', import.meta.url));

/** Compiled once, but not before a config has presets: it would delay every start by 30 ms. */
let checkPreset: Check<Preset> | undefined;

/** Names of the presets that come with Gimli. */
export function shippedPresets(): string[] {
  return readdirSync(shipped)
    .filter((file) => file.endsWith('.json5'))
    .map((file) => presetName(`./${file}`));
}

/** A shipped preset by name, or a file by path. Throws ConfigError with every problem and its line. */
export function loadPreset(entry: string, { env, overlay, place }: PresetUse): LoadedPreset {
  const { value, locate, repeated, lost } = readPreset(entry, place);
  const name = presetName(entry);
  const { samples, ...own } = asRecord(withoutOverlaid(value, overlay));
  // Samples are data: a `${` in them is the sender's.
  const expanded = expandEnv(own, presetSchema, env);
  const preset = { ...asRecord(expanded.value), samples };
  checkPreset ??= compileSchema(presetSchema);
  const checked = checkPreset(preset, expanded.origins);
  const problems = onePerValue([
    ...repeated,
    ...expanded.problems,
    ...(checked.ok ? [] : checked.problems),
    ...checkMappings(valueAt(preset, ['mappings']), '/mappings'),
    ...verifyProblems(preset, ''),
  ]);
  const setup = setupProblems({ name, variables: valueAt(value, ['variables']), expanded, problems });
  const lines = [...setup.messages.flatMap(place), ...locate(problems.filter((problem) => !setup.covers(problem)))];
  if (!checked.ok || lines.length > 0) throw new ConfigError(lines);

  const warnings = expanded.warnings.flatMap(({ path, message }) =>
    soleVariable(expanded.origins.get(path)) === undefined
      ? locate([{ path, message }])
      : place(`the preset "${name}": ${message}`),
  );
  const { verify, mappings } = checked.value;
  return {
    name,
    locate,
    hints: locate(lost),
    warnings,
    mappings: mappings.map((rule) => ({ ...(verify && { verify }), ...rule, ...overlay })),
  };
}

/**
 * What can be read of the rules of a preset that does not load. Where none has a path that can be read, it is taken for one rule at
 * the hook of its own name.
 */
export function presetOutlines(entry: string, env: Env, overlay: unknown): readonly unknown[] {
  const name = presetName(entry);
  const { verify, mappings } = asRecord(expandEnv(readable(entry), presetSchema, env).value);
  // Of a file that says nothing it is not known either whether its senders have the hook token or a proof: both are heard.
  const rules = Array.isArray(mappings) && mappings.length > 0 ? mappings : [{}, { verify: 'unknown' }];
  const changed = typeof overlay === 'object' && overlay !== null ? overlay : { verify: overlay };
  return rules.map((rule) => {
    const whole = { ...(verify !== undefined && { verify }), ...asRecord(rule), ...changed };
    const path = valueAt(rule, ['match', 'path']);
    return { ...whole, match: { ...asRecord(valueAt(rule, ['match'])), path: typeof path === 'string' ? path : name } };
  });
}

/** The text of a preset taken apart; nothing where it cannot be. */
function readable(entry: string): unknown {
  try {
    return readPreset(entry, (message) => [message]).value;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {};
  }
}

/** The samples of a preset, which need not be set up, and the hooks that it is for. Throws ConfigError. */
export function presetSamples(entry: string): { samples: Preset['samples']; hooks: string[] } {
  const { value, locate, repeated } = readPreset(entry, (message) => [message]);
  if (repeated.length > 0) throw new ConfigError(locate(repeated));
  const checked = compileSchema(presetSchema.properties.samples)(valueAt(value, ['samples']));
  if (!checked.ok) {
    throw new ConfigError(locate(checked.problems.map(({ path, message }) => ({ path: `/samples${path}`, message }))));
  }
  const rules = valueAt(value, ['mappings']);
  const paths = Array.isArray(rules) ? rules.map((rule: unknown) => valueAt(rule, ['match', 'path'])) : [];
  const hooks = paths.filter((path) => typeof path === 'string').map(hookName);
  return { samples: checked.value, hooks: [...new Set(hooks)] };
}

interface PresetText extends Pick<LoadedPreset, 'locate'> {
  readonly value: unknown;
  /** keys that are written twice */
  readonly repeated: readonly Problem[];
  /** strings that have lost a backslash */
  readonly lost: readonly Problem[];
}

function readPreset(entry: string, place: PresetUse['place']): PresetText {
  const missing = missingPreset(entry);
  if (missing !== null) throw new ConfigError(place(missing));
  const file = isPresetFile(entry) ? entry : `${shipped}${entry}.json5`;
  const name = fileName(file);
  const text = readText(file);
  const locate = (problems: readonly Problem[]) => locateProblems(name, text, problems);
  return { value: parseJson5(text, name), repeated: repeatedKeys(text), lost: lostBackslashes(text), locate };
}

/** Why an entry of `hooks.presets` leads to no file; null where it leads to one. */
function missingPreset(entry: string): string | null {
  if (isPresetFile(entry)) {
    const stat = statSync(entry, { throwIfNoEntry: false });
    if (!stat) return `there is no file ${fileName(entry)}`;
    return stat.isFile() ? null : `${fileName(entry)} is no file; expected one such as "./presets/shop.json5"`;
  }
  const names = shippedPresets();
  return names.includes(entry) ? null : `there is no preset "${entry}"; there are ${names.join(', ')}`;
}

/** The preset without what the overlay replaces. */
function withoutOverlaid(value: unknown, overlay: PresetOverlay): unknown {
  const replaced = Object.keys(overlay);
  const rules = valueAt(value, ['mappings']);
  return {
    ...without(asRecord(value), overlay.verify ? ['verify'] : []),
    ...(Array.isArray(rules) && { mappings: rules.map((rule) => without(rule, replaced)) }),
  };
}

function without<T>(value: T, keys: readonly string[]): T {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as T;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

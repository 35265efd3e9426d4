import { valueAt } from '../../domain/event.ts';
import { nearestKey, type Problem, toPointer, unknownKey } from '../../schema/problem.ts';
import { checkMappings, verifyProblems } from './check-mappings.ts';
import { presetName } from './preset-name.ts';
import { hookKeys } from './settings.ts';

/** What the schema cannot say about the rules of a config that may still be invalid. */
export function checkHooks(config: unknown): Problem[] {
  return [...checkMappings(valueAt(config, ['hooks', 'mappings']), '/hooks/mappings'), ...overlays(config)];
}

/** Every key of `hooks` that is no setting is taken for a preset's: one that is none is reported as such. */
function overlays(config: unknown): Problem[] {
  const hooks = valueAt(config, ['hooks']);
  if (typeof hooks !== 'object' || hooks === null) return [];
  const presets = Object.entries(hooks).filter(([key]) => !hookKeys.includes(key));
  return presets.flatMap(([key, overlay]) => verifyProblems(overlay, toPointer(['hooks', key])));
}

/** Keys of `hooks` that are neither settings nor enabled presets: to the schema any key could be a preset's name. */
export function strayHookKeys(config: unknown): Problem[] {
  const hooks = valueAt(config, ['hooks']);
  if (typeof hooks !== 'object' || hooks === null || Array.isArray(hooks)) return [];
  const presets = valueAt(hooks, ['presets']);
  const enabled = Array.isArray(presets) ? presets.filter((entry) => typeof entry === 'string').map(presetName) : [];
  const known = [...hookKeys, ...enabled];
  const stray = Object.entries(hooks).filter(([key]) => !known.includes(key));
  return stray.map(([key, value]) => {
    const overlay = typeof value === 'object' && nearestKey(key, known) === undefined;
    const message = overlay
      ? 'unknown key; the settings of a preset need its name in hooks.presets'
      : unknownKey(key, known);
    return { path: toPointer(['hooks', key]), message };
  });
}

/** Rules that nothing reaches, since nobody has said that hooks are served; who wrote `false` knows. */
export function forgottenSwitch(config: unknown): Problem[] {
  if (valueAt(config, ['hooks', 'enabled']) !== undefined) return [];
  const written = ['mappings', 'presets'].filter((key) => {
    const list = valueAt(config, ['hooks', key]);
    return Array.isArray(list) && list.length > 0;
  });
  if (written.length === 0) return [];
  const message = `missing, so no hook is served and ${written.map((key) => `hooks.${key}`).join(' and ')} have no effect; expected true`;
  return [{ path: '/hooks/enabled', message }];
}

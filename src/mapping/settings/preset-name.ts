import { basename } from 'node:path';
import type { PresetOverlay } from './mapping-schema.ts';
import { type HooksSettings, hookKeys } from './settings.ts';

/** Whether an entry of `hooks.presets` is a file of the owner's, not the name of a shipped preset. */
export function isPresetFile(entry: string): boolean {
  return /[/\\]|\.json5$/.test(entry);
}

/** The name of a preset by its entry in `hooks.presets`: `./my/shop.json5` → `shop`. */
export function presetName(entry: string): string {
  return isPresetFile(entry) ? basename(entry, '.json5') : entry;
}

/** What `hooks.<preset>` changes in the mappings of that preset. */
export function presetOverlay(hooks: HooksSettings, name: string): PresetOverlay {
  if (hookKeys.includes(name)) return {};
  return (hooks as unknown as Readonly<Record<string, PresetOverlay>>)[name] ?? {};
}

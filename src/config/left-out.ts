import { valueAt } from '../domain/event.ts';
import { presetName } from '../mapping/settings/preset-name.ts';
import { hookKeys } from '../mapping/settings/settings.ts';
import { onePerValue } from '../schema/ajv.ts';
import type { LeftOut } from '../schema/left-out.ts';
import { fromPointer, type Problem, toPointer } from '../schema/problem.ts';

interface Place extends Omit<LeftOut, 'problems'> {
  /** what stands there instead, so that what follows in a list keeps its place; undefined: nothing */
  readonly stub: unknown;
}

interface PartKind {
  readonly kind: LeftOut['kind'];
  /** what holds the parts */
  readonly within: readonly string[];
  readonly stub: unknown;
  idOf(written: unknown, key: string): string;
}

const byKey = (_written: unknown, key: string) => key;

const partKinds: readonly PartKind[] = [
  {
    kind: 'mapping',
    within: ['hooks', 'mappings'],
    stub: { action: 'wake', textTemplate: 'left out' },
    idOf(written, key) {
      const id = valueAt(written, ['id']);
      return typeof id === 'string' && id !== '' ? id : `config[${key}]`;
    },
  },
  {
    kind: 'preset',
    within: ['hooks', 'presets'],
    stub: 'left-out',
    idOf: (written, key) => (typeof written === 'string' ? presetName(written) : `presets[${key}]`),
  },
  { kind: 'workflow', within: ['workflows'], stub: undefined, idOf: byKey },
  { kind: 'mcp', within: ['agents', 'mcpServers'], stub: undefined, idOf: byKey },
  { kind: 'provider', within: ['agents', 'providers'], stub: undefined, idOf: byKey },
];

/** Where even a key that is not known may be a slip that opens a door, spends money or hides what is stored. */
const guarded = [
  ['gateway'],
  ['hooks'],
  ['store'],
  ['screening'],
  ['agents', 'defaults', 'tools'],
  ['agents', 'defaults', 'models'],
  ['agents', 'defaults', 'budget'],
].map(toPointer);

export type Remaining =
  | { readonly ok: true; readonly value: unknown; readonly leftOut: readonly LeftOut[] }
  /** something is wrong that belongs to no part; these are all problems, those of parts as well */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * A config without the parts that are not right. `check` is asked again about what remains, until it finds nothing.
 * @param found problems of the value that `check` does not see
 */
export function leaveOutBroken(
  config: unknown,
  found: readonly Problem[],
  check: (value: unknown) => readonly Problem[],
): Remaining {
  const leftOut = new Map<string, LeftOut>();
  let value = config;
  let problems = onePerValue([...found, ...check(value)]);
  while (problems.length > 0) {
    const before = value;
    const placed = problems.map((problem) => ({ problem, place: placeOf(problem, before) }));
    const all = [...[...leftOut.values()].flatMap((part) => part.problems), ...problems];
    for (const { problem, place } of placed) {
      if (!place) return { ok: false, problems: all };
      const { stub, ...part } = place;
      const earlier = leftOut.get(part.pointer)?.problems ?? [];
      leftOut.set(part.pointer, { ...part, problems: [...earlier, problem] });
      value = replaced(value, fromPointer(part.pointer), stub);
    }
    problems = onePerValue(check(value));
    // What stands in the place of a part is right by itself: a problem there would never end.
    if (problems.some((problem) => leftOut.has(placeOf(problem, value)?.pointer ?? ''))) {
      return { ok: false, problems: [...all, ...problems] };
    }
  }
  return { ok: true, value, leftOut: [...leftOut.values()] };
}

/** The part that a problem is in; undefined for what the gateway cannot do without. */
function placeOf(problem: Problem, config: unknown): Place | undefined {
  const segments = fromPointer(problem.path);
  for (const { kind, within, stub, idOf } of partKinds) {
    const key = segments[within.length];
    if (key === undefined || within.some((name, at) => segments[at] !== name)) continue;
    const path = [...within, key];
    const written = valueAt(config, path);
    return { kind, id: idOf(written, key), pointer: toPointer(path), written, stub };
  }
  const [top, name = ''] = segments;
  if (top === 'hooks' && isPresetOf(config, name)) {
    const path = ['hooks', name];
    return { kind: 'preset', id: name, pointer: toPointer(path), written: valueAt(config, path), stub: undefined };
  }
  if (!isHarmless(problem)) return undefined;
  const id = segments.join('.');
  return { kind: 'setting', id, pointer: problem.path, written: valueAt(config, segments), stub: undefined };
}

/** Whether a key of `hooks` holds the settings of an enabled preset. */
function isPresetOf(config: unknown, name: string): boolean {
  const presets = valueAt(config, ['hooks', 'presets']);
  const names = Array.isArray(presets) ? presets.filter((entry) => typeof entry === 'string').map(presetName) : [];
  return !hookKeys.includes(name) && names.includes(name);
}

/** Whether a problem is but a key that nothing knows, which can be ignored. */
function isHarmless({ path, unknown }: Problem): boolean {
  if (!unknown || guarded.some((one) => isWithin(path, one))) return false;
  const { meant } = unknown;
  return meant === undefined || !guarded.some((one) => isWithin(meant, one) || isWithin(one, meant));
}

function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** A copy with another value at a path; without what stands there where that is undefined. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? replaced(item, rest, by) : item));
  if (typeof value !== 'object' || value === null) return value;
  const { [key]: old, ...others } = value as Record<string, unknown>;
  const next = replaced(old, rest, by);
  if (next === undefined) return others;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name === key ? next : item]));
}

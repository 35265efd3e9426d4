import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileName } from '../../config/json5-file.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Mapping } from '../mapping.ts';
import { compileSpec, type SpecDeps } from './spec.ts';

/** The specs of a folder as its files are at the moment: what was written, edited or deleted just now counts. */
export interface Specs {
  find(id: string): FoundSpec;
  /** Those that load, and a line for each thing that is wrong with the others. */
  all(): { readonly mappings: readonly Mapping[]; readonly problems: readonly string[] };
}

/** `why` is for the owner alone: it names files. */
type FoundSpec = { readonly mapping: Mapping } | { readonly mapping: undefined; readonly why: string };

export interface SpecsOptions extends SpecDeps {
  /** absolute; it need not exist */
  readonly dir: string;
  /** hears of each version of a file that does not load, once */
  readonly report: (problems: readonly string[]) => void;
}

interface Loaded {
  readonly file: string;
  readonly stamp: Stamp;
  /** undefined where it cannot be read */
  readonly text: string | undefined;
  /** what the file says, or said last before it broke */
  readonly id: string | undefined;
  readonly mapping: Mapping | undefined;
  readonly problems: readonly string[];
}

/** What tells one version of a file from another; null where the next version may look the same. */
type Stamp = string | null;

/** File systems keep times in steps, none longer than this, in ms. */
const coarsestClock = 100;

/** Nothing is read before it is asked for. Then a spec that is known costs two calls of stat, another a scan of the folder. */
export function createSpecs({ dir, report, ...deps }: SpecsOptions): Specs {
  let files: ReadonlyMap<string, Loaded> = new Map();
  let clashes: ReadonlyMap<string, string> = new Map();
  let byId: ReadonlyMap<string, Loaded> = new Map();
  let folder: Folder = { stamp: null, files: [], problems: [] };

  function scan(): void {
    const before = { folder, files, clashes: [...clashes.values()] };
    folder = listFolder(dir);
    const all = folder.files.flatMap((file) => load(file, before.files.get(file), deps) ?? []);
    files = new Map(all.map((loaded) => [loaded.file, loaded]));
    clashes = findClashes(all);
    byId = new Map(all.flatMap((loaded) => (isUsable(loaded) && !clashes.has(loaded.id) ? [[loaded.id, loaded]] : [])));
    const fresh = [
      ...folder.problems.filter((problem) => !before.folder.problems.includes(problem)),
      ...all.filter(({ file, problems }) => before.files.get(file)?.problems !== problems),
      ...[...clashes.values()].filter((problem) => !before.clashes.includes(problem)),
    ].flatMap((one) => (typeof one === 'string' ? one : one.problems));
    if (fresh.length > 0) report(fresh);
  }

  /** Whether nothing has changed since the scan that found it, also not in the folder: another file may have its id now. */
  function isCurrent({ file, stamp }: Loaded): boolean {
    const isSame = (path: string, stamp: Stamp) => stamp !== null && stampOf(statOf(path)) === stamp;
    return isSame(file, stamp) && isSame(dir, folder.stamp);
  }

  function whyNot(id: string): string {
    const broken = [...files.values()].filter((loaded) => loaded.id === id).flatMap(({ problems }) => problems);
    const clash = clashes.get(id);
    const reasons = [...folder.problems, ...(clash === undefined ? [] : [clash]), ...broken];
    return reasons.length > 0 ? `the spec does not load: ${reasons.join('; ')}` : 'no spec has this id';
  }

  return {
    find(id) {
      const hit = byId.get(id);
      if (!hit || !isCurrent(hit)) scan();
      const mapping = byId.get(id)?.mapping;
      return mapping ? { mapping } : { mapping, why: whyNot(id) };
    },
    all() {
      scan();
      const problems = [...files.values()].flatMap((loaded) => loaded.problems);
      return {
        mappings: [...byId.values()].flatMap(({ mapping }) => mapping ?? []),
        problems: [...folder.problems, ...problems, ...clashes.values()],
      };
    },
  };
}

interface Folder {
  readonly stamp: Stamp;
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

function listFolder(dir: string): Folder {
  const stamp = stampOf(statOf(dir));
  try {
    const names = readdirSync(dir).filter((name) => name.endsWith('.md') && !name.startsWith('.'));
    return { stamp, files: names.toSorted().map((name) => join(dir, name)), problems: [] };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { stamp, files: [], problems: missing ? [] : [`specs.dir: cannot be read: ${messageOf(error)}`] };
  }
}

/** The version from before where that is still the one; undefined where the file is none, or gone since the folder was read. */
function load(file: string, before: Loaded | undefined, deps: SpecDeps): Loaded | undefined {
  const stat = statOf(file);
  if (!stat?.isFile()) return undefined;
  const stamp = stampOf(stat);
  if (before && stamp !== null && stamp === before.stamp) return before;
  const name = fileName(file);
  try {
    const text = readFileSync(file, 'utf8');
    if (before?.text === text) return { ...before, stamp };
    const { id, mapping, flaws } = compileSpec(text, deps);
    const inOrder = flaws.toSorted((a, b) => a.line - b.line);
    const problems = inOrder.map(({ line, message }) => `${name}:${line}: ${message}`);
    return { file, stamp, text, id: id ?? before?.id, mapping, problems };
  } catch (error) {
    const problems = [`${name}: cannot be read: ${messageOf(error)}`];
    return { file, stamp, text: undefined, id: before?.id, mapping: undefined, problems };
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function stampOf(stat: Stats | undefined): Stamp {
  if (!stat) return null;
  const { mtimeMs, ctimeMs, size, ino } = stat;
  const settled = Date.now() - Math.max(mtimeMs, ctimeMs) > coarsestClock;
  return settled ? [mtimeMs, ctimeMs, size, ino].join(' ') : null;
}

function isUsable(loaded: Loaded): loaded is Loaded & { readonly id: string } {
  return loaded.mapping !== undefined;
}

/** By id, what is wrong where several files have it. */
function findClashes(all: readonly Loaded[]): Map<string, string> {
  const groups = Map.groupBy(all.filter(isUsable), ({ id }) => id);
  const clashing = [...groups].filter(([, group]) => group.length > 1);
  return new Map(
    clashing.map(([id, group]) => {
      const names = group.map(({ file }) => fileName(file)).join(' and ');
      return [id, `${names}: expected an id of its own for each, found "${id}" in all; none of them is used`];
    }),
  );
}

import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BrokenPart } from '../../domain/broken-part.ts';
import { messageOf } from '../../domain/errors.ts';
import { fileName } from '../../schema/json5-file.ts';
import { brokenMapping } from '../broken-mapping.ts';
import type { Mapping } from '../mapping.ts';
import type { Outline } from '../outline.ts';
import { compileSpec, type SpecDeps } from './spec.ts';
import type { Flaw } from './yaml-text.ts';

/** The specs of a folder as its files are at the moment: what was written, edited or deleted just now counts. */
export interface Specs {
  find(id: string): FoundSpec;
  /** Those that load, a line for each thing that is wrong with the others, and one for each that these say and cannot have. */
  all(): {
    readonly mappings: readonly Mapping[];
    readonly problems: readonly string[];
    readonly warnings: readonly string[];
  };
  /** What did not load when the folder was last looked at. */
  broken(): readonly BrokenPart[];
  /** By file, the text that loaded last, also where its mapping does not load any more: for the specs that replace these. */
  lastGood(): ReadonlyMap<string, GoodText>;
}

/** A version of a file that loaded. */
interface GoodText {
  readonly text: string;
  readonly id: string;
}

/** `why` is for the owner alone: it names files. */
type FoundSpec = { readonly mapping: Mapping } | { readonly mapping: undefined; readonly why: string };

export interface SpecsOptions extends SpecDeps {
  /** absolute; it need not exist */
  readonly dir: string;
  /** hears of each version of a file that does not load, once */
  readonly report: (problems: readonly string[]) => void;
  /** hears of what a version says and cannot have, once */
  readonly warn: (line: string) => void;
  /** the specs that these replace, whose good versions stay in use for files that are broken now */
  readonly before?: Specs | undefined;
}

interface Loaded {
  readonly file: string;
  readonly stamp: Stamp;
  /** undefined where it cannot be read */
  readonly text: string | undefined;
  /** what the file says, or said last before it broke */
  readonly id: string | undefined;
  /** of this version, or of the last one that loaded */
  readonly mapping: Mapping | undefined;
  /** the last version that loaded */
  readonly good: GoodText | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What tells one version of a file from another; null where the next version may look the same. */
type Stamp = string | null;

/** File systems keep times in steps, none longer than this, in ms. */
const coarsestClock = 100;

/** Nothing is read before it is asked for. Then a spec that is known costs two calls of stat, another a scan of the folder. */
export function createSpecs({ dir, report, warn, before: replaced, ...deps }: SpecsOptions): Specs {
  let files: ReadonlyMap<string, Loaded> = new Map();
  let clashes: ReadonlyMap<string, string> = new Map();
  let byId: ReadonlyMap<string, Loaded> = new Map();
  let folder: Folder = { stamp: null, files: [], problems: [] };

  function scan(): void {
    const before = { folder, files, clashes: [...clashes.values()] };
    folder = listFolder(dir);
    // A folder that cannot be read may well hold what it held.
    const names = folder.problems.length > 0 ? [...before.files.keys()] : folder.files;
    const all = names.flatMap((file) => {
      const earlier = before.files.get(file);
      return load(file, earlier, earlier?.good ?? replaced?.lastGood().get(file), deps) ?? [];
    });
    files = new Map(all.map((loaded) => [loaded.file, loaded]));
    const holders = byId;
    clashes = findClashes(all);
    byId = new Map(
      [...Map.groupBy(all.filter(isUsable), ({ id }) => id)].flatMap(([id, [first, ...others]]) => {
        const holder = [first, ...others].find((one) => one?.file === holders.get(id)?.file);
        const used = others.length === 0 ? first : holder;
        return used ? [[id, used]] : [];
      }),
    );
    const fresh = [
      ...folder.problems.filter((problem) => !before.folder.problems.includes(problem)),
      ...all.filter(({ file, problems }) => before.files.get(file)?.problems !== problems),
      ...[...clashes.values()].filter((problem) => !before.clashes.includes(problem)),
    ].flatMap((one) => (typeof one === 'string' ? one : one.problems));
    if (fresh.length > 0) report(fresh);
    const known = new Set([...before.files.values()].flatMap(({ warnings }) => warnings));
    for (const line of all.flatMap(({ warnings }) => warnings)) if (!known.has(line)) warn(line);
  }

  /** Whether nothing has changed since the scan that found it, also not in the folder: another file may have its id now. */
  function isCurrent({ file, stamp }: Loaded): boolean {
    const isSame = (path: string, stamp: Stamp) => stamp !== null && stampOf(statOf(path)) === stamp;
    return isSame(file, stamp) && isSame(dir, folder.stamp);
  }

  /** Why nothing has the id; undefined where no file is meant to. */
  function whyNot(id: string): string | undefined {
    const broken = [...files.values()].filter((loaded) => standsAt(loaded, id)).flatMap(({ problems }) => problems);
    const clash = clashes.get(id);
    const reasons = [...folder.problems, ...(clash === undefined ? [] : [clash]), ...broken];
    return reasons.length > 0 ? `the spec does not load: ${reasons.join('; ')}` : undefined;
  }

  return {
    find(id) {
      const hit = byId.get(id);
      if (!hit || !isCurrent(hit)) scan();
      const mapping = byId.get(id)?.mapping;
      if (mapping) return { mapping };
      const reason = whyNot(id);
      if (reason === undefined) return { mapping, why: 'no spec has this id' };
      return {
        mapping: brokenMapping({ id: `spec:${id}`, origin: 'spec', endpoint: 'specs', outline: at(id), reason }),
      };
    },
    all() {
      scan();
      const problems = [...files.values()].flatMap((loaded) => loaded.problems);
      return {
        mappings: [...byId.values()].flatMap(({ mapping }) => mapping ?? []),
        problems: [...folder.problems, ...problems, ...clashes.values()],
        warnings: [...files.values()].flatMap(({ warnings }) => warnings),
      };
    },
    broken() {
      const ofFiles = [...files.values()].filter(({ problems }) => problems.length > 0);
      return [
        ...folder.problems.map((problem) => part('specs.dir', [problem])),
        ...ofFiles.map(({ file, id, problems }) => part(id ?? nameOf(file), problems)),
        ...[...clashes].map(([id, problem]) => part(id, [problem])),
      ];
    },
    lastGood: () => new Map([...files.values()].flatMap(({ file, good }) => (good ? [[file, good]] : []))),
  };
}

const part = (id: string, problems: readonly string[]): BrokenPart => ({
  kind: 'spec',
  id,
  hook: `/hook/${id}`,
  problems,
});

/** All that is known of a spec that does not load. */
const at = (path: string): Outline => ({ path, match: undefined, limits: {}, verify: undefined });

/** Whether a file that does not load is the spec of this id: by what it says or said, else by its name. */
function standsAt({ file, id }: Loaded, wanted: string): boolean {
  return wanted === (id ?? nameOf(file));
}

const nameOf = (file: string) => basename(file, '.md');

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

/**
 * The version from before where that is still the one; undefined where the file is none, or gone since the folder was read. Where the
 * file does not load, its last good version stays in use.
 */
function load(
  file: string,
  before: Loaded | undefined,
  lastGood: GoodText | undefined,
  deps: SpecDeps,
): Loaded | undefined {
  const stat = statOf(file);
  if (!stat?.isFile()) return undefined;
  const stamp = stampOf(stat);
  if (before && stamp !== null && stamp === before.stamp) return before;
  const name = fileName(file);
  const broken = (text: string | undefined, id: string | undefined, problems: readonly string[]): Loaded => {
    const mapping = before?.mapping ?? (lastGood && compileSpec(lastGood.text, deps).mapping);
    const note = mapping ? [`${name}: the version of before is used`] : [];
    const place = mapping ? lastGood?.id : (id ?? lastGood?.id ?? before?.id);
    return { file, stamp, text, id: place, mapping, good: lastGood, problems: [...problems, ...note], warnings: [] };
  };
  try {
    const text = readFileSync(file, 'utf8');
    if (before?.text === text) return { ...before, stamp };
    const { id, mapping, flaws, warnings } = compileSpec(text, deps);
    const lines = (list: readonly Flaw[]) =>
      list.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `${name}:${line}: ${message}`);
    if (mapping && id !== undefined)
      return { file, stamp, text, id, mapping, good: { text, id }, problems: [], warnings: lines(warnings) };
    return broken(text, id, lines(flaws));
  } catch (error) {
    return broken(undefined, undefined, [`${name}: cannot be read: ${messageOf(error)}`]);
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
      return [
        id,
        `${names}: expected an id of its own for each, found "${id}" in all; none of them is used, but for one that had it before`,
      ];
    }),
  );
}

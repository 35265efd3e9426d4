import { dirname, extname, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formats, type Snapshot } from './source.ts';

/** What to do about a mistake that people make with modules. */
export interface Hint {
  readonly advice: string;
  /** file and line, where the error does not have them itself */
  readonly place?: string;
}

/** By what Node says; the groups of the expression are the arguments. */
type Row = readonly [
  RegExp,
  (found: readonly string[], sources: Snapshot, at: string | undefined) => string | Hint | undefined,
];

const rows: readonly Row[] = [
  [/^The requested module '(.+)' does not provide an export named '(.+)'/, missingExport],
  [/^Cannot find module '(.+)' imported from (.+)$/, missingFile],
  [/^Directory import '(.+)' is not supported resolving ES modules imported from (.+)$/, missingFile],
  [/^Cannot find package '(.+)' imported from (.+)$/, missingPackage],
  [/^require is not defined/, () => 'write import … from …; only files named .cjs have require'],
  [/^(module|exports) is not defined/, () => 'write export default …; only files named .cjs are CommonJS'],
  [/^__dirname is not defined/, () => 'write import.meta.dirname'],
  [/^__filename is not defined/, () => 'write import.meta.filename'],
  [/^TypeScript enum is not supported/, () => 'types are only taken away: write const … = { … } as const instead'],
  [
    /^TypeScript parameter property is not supported/,
    () => 'types are only taken away: declare the field and set it in the constructor',
  ],
  [
    /^TypeScript namespace .*is not supported/,
    () => 'types are only taken away: write plain exports, in a file of their own',
  ],
  [/^TypeScript import equals .*is not supported/, () => 'write import … from …'],
  [/^TypeScript export assignment .*is not supported/, () => 'write export default …'],
  [/^Class constructor .* cannot be invoked without 'new'/, () => 'export a function, not a class'],
];

/** @param at file URL of the module in which it went wrong */
export function hintFor(message: string, sources: Snapshot, at: string | undefined): Hint | undefined {
  for (const [pattern, say] of rows) {
    const [found, ...groups] = pattern.exec(message) ?? [];
    const hint = found === undefined ? undefined : say(groups, sources, at);
    if (hint !== undefined) return typeof hint === 'string' ? { advice: hint } : hint;
  }
  return undefined;
}

function missingExport(
  [specifier = '', name = '']: readonly string[],
  sources: Snapshot,
  at: string | undefined,
): string {
  const asType = `write import type { ${name} }: types are gone when it runs`;
  const source = sources.get(URL.parse(specifier, at)?.href ?? '');
  if (source === undefined) return `where ${name} is a type, ${asType}`;
  if (name === 'default') return `write import { … } from '${specifier}', or export default … there`;
  const has = (before: string) => new RegExp(`\\b(?:${before})\\s+${literally(name)}(?![\\w$])`).test(source);
  const listed = [...source.matchAll(/\btype\s*\{([^}]*)\}/g)].some(([, names = '']) =>
    names.split(/[\s,]+/).includes(name),
  );
  if (listed || has('interface|type')) return asType;
  return has('function\\*?|const|let|var|class')
    ? `write export before ${name} there`
    : `nothing there has the name ${name}`;
}

/** Names are written with their endings: nothing is guessed when a module is loaded. */
function missingFile([file = '', parent = '']: readonly string[], sources: Snapshot): Hint | undefined {
  const stem = extname(file) in formats ? file.slice(0, -extname(file).length) : file;
  const endings = Object.keys(formats);
  const candidates = [stem, file].flatMap((base) =>
    [...endings, ...endings.map((ending) => `/index${ending}`)].map((end) => base + end),
  );
  const meant = candidates.find((path) => sources.has(pathToFileURL(path).href));
  const place = placeOfImport(stem, parent, sources);
  if (meant === undefined) return { advice: 'there is no such file', ...place };
  return { advice: `write '${from(parent, meant)}', with its ending`, ...place };
}

function missingPackage([name = '', parent = '']: readonly string[], sources: Snapshot): Hint {
  const beside = `${dirname(parent)}/${name}`;
  const place = placeOfImport(name, parent, sources);
  if (sources.has(pathToFileURL(beside).href)) return { advice: `write './${name}'`, ...place };
  return { advice: `npm install ${name}, in the folder of the transforms or above it`, ...place };
}

function from(parent: string, file: string): string {
  const path = relative(dirname(parent), file).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** The line in `parent` that names a file or a package by its last part. */
function placeOfImport(path: string, parent: string, sources: Snapshot): Pick<Hint, 'place'> {
  const source = sources.get(pathToFileURL(parent).href);
  if (source === undefined) return {};
  const name = literally(path.split(/[\\/]/).at(-1) ?? path);
  const line = source
    .split('\n')
    .findIndex((text) => new RegExp(`(?:from|import|require)\\b.*['"\`/]${name}\\b`).test(text));
  return { place: line === -1 ? fileURLToPath(pathToFileURL(parent)) : `${parent}:${line + 1}` };
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

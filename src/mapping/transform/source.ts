import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, isAbsolute, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TransformError } from '../../domain/errors.ts';

/** How each kind of file in the transforms directory is loaded. Plain .js is always an ES module, whatever package.json says. */
export const formats: Readonly<Record<string, string>> = {
  '.ts': 'module-typescript',
  '.js': 'module',
  '.mjs': 'module',
  '.cjs': 'commonjs',
  '.json': 'json',
};

/** The sources of one moment, by file URL: threads started later still run what was loaded then. */
export type Snapshot = ReadonlyMap<string, string>;

/** Changes when a source file under `dir` is written, added, removed or replaced. Costs a stat for each of them. */
export function fingerprint(dir: string): string {
  return sourceFiles(dir)
    .map((file) => {
      // ctime and inode tell an edit that keeps size and mtime.
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat ? `${file}:${stat.mtimeMs}:${stat.ctimeMs}:${stat.size}:${stat.ino}` : file;
    })
    .join('\n');
}

export function takeSnapshot(dir: string): Snapshot {
  // A file that cannot be read is left to the loader, whose error says more.
  const entries = sourceFiles(dir).flatMap((file) =>
    orNothing(() => [[pathToFileURL(realpathSync(file)).href, readFileSync(file, 'utf8')] as const]),
  );
  return new Map(entries);
}

function sourceFiles(dir: string): string[] {
  return orNothing(() => readdirSync(dir, { withFileTypes: true })).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return extname(entry.name) in formats && (entry.isFile() || entry.isSymbolicLink()) ? [path] : [];
  });
}

/** Files come and go while they are listed. */
function orNothing<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** The file URL of `transform.module`. Throws TransformError where it is no source file that really lies inside `dir`. */
export function resolveModule(dir: string, module: string): string {
  const refuse = (reason: string): never => {
    throw new TransformError(
      `module "${module}" ${reason}; wanted a path inside hooks.transformsDir (${dir}), such as "triage.ts"`,
    );
  };
  if (isAbsolute(module) || /^[\\/]/.test(module)) refuse('is absolute');
  if (module.startsWith('~')) refuse('starts in a home directory');
  if (module.includes(':')) refuse('has a scheme or drive');
  if (module.split(/[\\/]/).includes('..')) refuse('climbs out with ".."');
  if (!['.ts', '.js', '.mjs', '.cjs'].includes(extname(module))) refuse('is no .ts, .js, .mjs or .cjs file');
  const file = join(dir, module);
  if (!existsSync(file)) refuse('does not exist');
  const real = realpathSync(file);
  const inside = relative(realpathSync(dir), real);
  if (isAbsolute(inside) || inside.split(sep)[0] === '..') refuse(`is a link to ${real}, outside`);
  return pathToFileURL(real).href;
}

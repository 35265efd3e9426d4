import fs from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { StoreError } from '../../domain/errors.ts';

/** So large a file is looked through at a start: it takes half a second, as long as a start itself. */
const mostAfterACut = 256 * 1024 * 1024;
/** A copy is looked through once, with its indexes: some five seconds. */
const mostOfACopy = 1024 * 1024 * 1024;

/**
 * Has SQLite look through a file whose last process did not close it, or that is a copy. Returns false where it is too large
 * to have everybody wait. Throws StoreError where it is damaged.
 */
export function lookThrough(sqlite: Sqlite.Database, file: string, how: 'cut off' | 'copy'): boolean {
  const isCopy = how === 'copy';
  if (fs.statSync(file).size > (isCopy ? mostOfACopy : mostAfterACut)) return false;
  mustBeSound(sqlite, file, isCopy ? 'integrity_check' : 'quick_check');
  return true;
}

/** Throws StoreError where SQLite finds anything wrong with the file. */
export function mustBeSound(sqlite: Sqlite.Database, file: string, check: 'integrity_check' | 'quick_check'): void {
  const problem = problemOf(sqlite, check);
  if (problem === undefined) return;
  throw new StoreError(
    `${file} is damaged (${problem}), as a file is that was copied while it was written. Nothing was changed: ` +
      'put a whole copy in its place with `gimli restore FILE`.',
  );
}

function problemOf(sqlite: Sqlite.Database, check: string): string | undefined {
  try {
    const found = sqlite.pragma(`${check}(1)`, { simple: true });
    return found === 'ok' ? undefined : String(found).replaceAll('\n', ' ');
  } catch (error) {
    // It may be so broken that it cannot even be looked through.
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return message;
    throw error;
  }
}

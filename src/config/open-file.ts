import { statSync } from 'node:fs';

/**
 * What to say of a file of secrets that other users of this machine may read, and the command that mends it; undefined where they may
 * not, where there is no such file, and on Windows, which has no such modes.
 */
export function openFileProblem(file: string): { readonly text: string; readonly remedy: string } | undefined {
  if (process.platform === 'win32') return undefined;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return undefined;
  return { text: `other users of this machine may read ${file}`, remedy: `chmod 600 ${quoted(file)}` };
}

/** For a shell. */
function quoted(file: string): string {
  return /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}

import fs from 'node:fs';
import path from 'node:path';

/** What belongs to a store: the file, and what stands beside it. SQLite gives its own files the mode of the first. */
export const storeFiles = (file: string) =>
  ['', '-wal', '-shm', '-lock', '-lock-journal', '-holder', '-generation'].map((ending) => `${file}${ending}`);

/** Others of the machine have no business in any of the three. */
const others = 0o077;
const isPosix = process.platform !== 'win32';

/** Makes the folder of a store, for its user alone whatever the umask says. One that is there is left as it is. */
export function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chmodSync(folder, 0o700);
}

/**
 * Makes an empty file for a store that has none, so that it is never open to others, and closes the files of one that is there.
 * Its folder is closed where it is the store's own; of any other the owner is told. Returns what was found open, a line for each.
 */
export function closeToOthers(file: string): string[] {
  fs.closeSync(fs.openSync(file, 'a', 0o600));
  if (!isPosix) return [];
  const open = storeFiles(file).filter((name) => fs.existsSync(name) && isOpen(name));
  const told = open.flatMap((name) =>
    close(name, 0o600) ? [] : [`others may read ${name}, which is not ours to close`],
  );
  if (open.length > told.length)
    told.push(`files of the store were open to others: ${file} and those beside it are closed now`);
  return [...told, ...closeFolder(path.dirname(file), path.basename(file))];
}

function closeFolder(folder: string, name: string): string[] {
  if (!isOpen(folder)) return [];
  const isItsOwn = fs.readdirSync(folder).every((entry) => entry.startsWith(name));
  if (isItsOwn && close(folder, 0o700)) return [`the folder of the store was open to others: ${folder} is closed now`];
  return [
    `other users of this machine may look into ${folder}, the folder of the store, whose files only this user can read: a folder of its own would be better`,
  ];
}

function isOpen(name: string): boolean {
  return (fs.statSync(name).mode & others) !== 0;
}

/** False where it belongs to somebody else. */
function close(name: string, mode: number): boolean {
  try {
    fs.chmodSync(name, mode);
    return true;
  } catch {
    return false;
  }
}

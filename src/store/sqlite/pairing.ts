import fs from 'node:fs';
import { commitsBetween, readStamp, readWalStamps, type Stamp, type WalStamps } from './stamp.ts';

/** What stands in the small file beside a store: how far its main file was when it was last known to be complete. */
export interface Note extends Stamp {
  /** false: there have been commits since, which stand in the `-wal` */
  readonly complete: boolean;
}

/** The files of a store, as they are before anybody opens them. */
export interface Found {
  /** undefined: not there, or empty */
  readonly main: Stamp | undefined;
  readonly wal: WalStamps | undefined;
  readonly hasWal: boolean;
  readonly note: Note | undefined;
}

/**
 * What the files are to each other. `cut off`: its last process did not close it; `copy`: it was put there, and is as old as it is;
 * `wrong`: they do not belong together, with the reason.
 */
export type Pairing = 'new' | 'closed' | 'cut off' | 'copy' | { readonly wrong: string };

const noteFile = (file: string) => `${file}-generation`;

/** Looks at the files, past SQLite: to open a file beside a `-wal` that is not its own would ruin it. */
export function findFiles(file: string): Found {
  return {
    main: readStamp(file),
    wal: readWalStamps(file),
    hasWal: fs.existsSync(`${file}-wal`),
    note: readNote(file),
  };
}

/** SQLite would replay any `-wal` into any file of that name, and take a file whose `-wal` is gone as it is. */
export function pairingOf({ main, wal, hasWal, note }: Found): Pairing {
  if (!main) {
    if (wal) return { wrong: 'the file itself is missing, and only its -wal is there' };
    return note ? { wrong: 'the file is missing or empty, and there was a store in it' } : 'new';
  }
  // From a version that did not count: its first commits by one that does begin the -wal.
  if (main.generation === 0) {
    const isLater =
      wal !== undefined && wal.first.generation !== 0 && commitsBetween(main.commits, wal.first.commits) > 1;
    return isLater ? { wrong: 'it is older than the -wal beside it, which begins later than it ends' } : 'cut off';
  }
  if (wal) return withWal(main, wal);
  if (note?.generation !== main.generation) return 'copy';
  const ahead = commitsBetween(note.commits, main.commits);
  if (ahead < 0) return 'copy';
  // Somebody else has moved all that stood in the -wal into the file, as every program with SQLite does that closes it last.
  if (ahead > 0) return 'cut off';
  if (note.complete) return 'closed';
  return hasWal ? 'cut off' : { wrong: 'its -wal is missing, in which its last commits stand' };
}

function withWal(main: Stamp, { first, last }: WalStamps): Pairing {
  if (first.generation !== 0 && first.generation !== main.generation)
    return { wrong: 'the -wal beside it belongs to another store, or to this one before it was restored' };
  if (first.generation !== 0 && commitsBetween(main.commits, first.commits) > 1)
    return { wrong: 'it is older than the -wal beside it, which begins later than it ends' };
  if (commitsBetween(main.commits, last.commits) < 0) return { wrong: 'the -wal beside it is older than the file' };
  return 'cut off';
}

export function writeNote(file: string, note: Note): void {
  fs.writeFileSync(noteFile(file), JSON.stringify(note), { mode: 0o600 });
}

function readNote(file: string): Note | undefined {
  try {
    const { generation, commits, complete } = JSON.parse(fs.readFileSync(noteFile(file), 'utf8'));
    return typeof generation === 'number' && typeof commits === 'number'
      ? { generation, commits, complete }
      : undefined;
  } catch {
    // Not there, or cut off while it was written: then the file is looked through as a copy is.
    return undefined;
  }
}

import fs from 'node:fs';

/**
 * What tells files of a store apart, in two numbers that SQLite keeps for its user at the head of the file: which store it is
 * (`application_id`, random, another one for each copy that is taken into use) and how many commits it has had (`user_version`).
 * Each commit writes both, so they stand in the main file as of its last checkpoint, and in the `-wal` for each commit in it.
 */
export interface Stamp {
  readonly generation: number;
  readonly commits: number;
}

/** The commits that a `-wal` holds: the first and the last of them. */
export interface WalStamps {
  readonly first: Stamp;
  readonly last: Stamp;
}

const headBytes = 100;
const walHeaderBytes = 32;
const frameHeaderBytes = 24;
const [versionAt, applicationAt] = [60, 68];
/** how one of SQLite's databases begins */
const magic = 'SQLite format 3\0';

/** The stamp of a main file, read past SQLite; undefined where there is none: no file, an empty one, or no database. */
export function readStamp(file: string): Stamp | undefined {
  const head = readAt(file, 0, headBytes);
  return head?.toString('latin1', 0, magic.length) === magic ? stampIn(head) : undefined;
}

/** The stamps in the `-wal` of a file, read past SQLite; undefined where no commit stands in it. */
export function readWalStamps(file: string): WalStamps | undefined {
  const wal = `${file}-wal`;
  const header = readAt(wal, 0, walHeaderBytes);
  if (!header || (header.readUInt32BE(0) & 0xfffffffe) !== 0x377f0682) return undefined;
  const frameBytes = frameHeaderBytes + header.readUInt32BE(8);
  const salts = header.subarray(16, 24);
  const fd = fs.openSync(wal, 'r');
  try {
    const frame = Buffer.alloc(frameHeaderBytes + headBytes);
    let [first, last, open]: (Stamp | undefined)[] = [];
    for (let at = walHeaderBytes; fs.readSync(fd, frame, 0, frame.length, at) === frame.length; at += frameBytes) {
      // What stands behind belongs to an earlier life of the file.
      if (!frame.subarray(8, 16).equals(salts)) break;
      if (frame.readUInt32BE(0) === 1) open = stampIn(frame.subarray(frameHeaderBytes));
      const isCommit = frame.readUInt32BE(4) !== 0;
      if (!isCommit || !open) continue;
      first ??= open;
      last = open;
    }
    return first && last && { first, last };
  } finally {
    fs.closeSync(fd);
  }
}

/** How many commits `later` is ahead; they are counted round the end of 32 bits. */
export function commitsBetween(earlier: number, later: number): number {
  return (later - earlier) | 0;
}

function stampIn(head: Buffer): Stamp {
  return { generation: head.readUInt32BE(applicationAt), commits: head.readUInt32BE(versionAt) };
}

/** As many bytes of a file; undefined where it has not so many, or is not there. */
function readAt(file: string, position: number, length: number): Buffer | undefined {
  if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) return undefined;
  const fd = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return fs.readSync(fd, bytes, 0, length, position) === length ? bytes : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

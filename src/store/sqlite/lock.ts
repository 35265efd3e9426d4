import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import Sqlite from 'better-sqlite3';
import { StoreError } from '../../domain/errors.ts';
import { isFileError } from './file-error.ts';

/** Where a gateway listens. */
export interface Addresses {
  readonly url: string;
  /** where its specs are called; undefined where nothing serves them */
  readonly specsUrl?: string | undefined;
}

/** The process that has a store, with the addresses of its gateway once it listens. */
export interface Holder extends Partial<Addresses> {
  readonly pid: number;
  /** opens the owner's API of this process to whoever may read this file: to the user that it runs as */
  readonly commandToken?: string;
}

export interface Lock {
  /** see `Holder` */
  readonly commandToken: string;
  /** Tells those who ask who has the store where its gateway listens. */
  announce(addresses: Addresses): void;
  release(): void;
}

/**
 * A second gateway on one file would run everything twice. The lock is an open transaction on a small file beside it, so
 * the system drops it with its process, however that ends. Who holds it stands in another file, since nobody else would
 * see it in the transaction. Throws StoreError where another process has it.
 */
export function lockStore(file: string): Lock {
  const transaction = begin(file);
  if (!transaction) {
    const { pid, url } = readHolder(file) ?? {};
    throw new StoreError(
      `${file} is in use by another gimli (process ${pid ?? 'unknown'})${url ? ` at ${url}` : ''}. ` +
        'Stop that one, or give this one its own store.url.',
    );
  }
  const commandToken = randomBytes(32).toString('hex');
  const lock = {
    commandToken,
    announce: (addresses: Addresses) => writeHolder(file, { pid: process.pid, commandToken, ...addresses }),
    release() {
      fs.rmSync(holderFile(file), { force: true });
      transaction.close();
    },
  };
  try {
    // The file of an earlier holder may be open to others, and would stay so.
    fs.rmSync(holderFile(file), { force: true });
    writeHolder(file, { pid: process.pid, commandToken });
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

/** Who has the store in this file; undefined where nobody has, whatever an earlier holder left behind. */
export function findHolder(name: string): Holder | undefined {
  if (!fs.existsSync(name)) return undefined;
  const file = fs.realpathSync(name);
  try {
    const transaction = begin(file);
    transaction?.close();
    if (transaction) return undefined;
  } catch {
    // Who may not write there cannot try the lock, but may still ask the gateway.
  }
  return readHolder(file);
}

/** Undefined where another process has begun. */
function begin(file: string): Sqlite.Database | undefined {
  fs.closeSync(fs.openSync(`${file}-lock`, 'a', 0o600));
  const transaction = new Sqlite(`${file}-lock`, { timeout: 0 });
  try {
    transaction.exec('begin immediate');
    return transaction;
  } catch (error) {
    transaction.close();
    if (isFileError(error) && error.code.startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
}

/** For its own user alone, whatever the umask says. */
function writeHolder(file: string, holder: Holder): void {
  fs.writeFileSync(holderFile(file), JSON.stringify(holder), { mode: 0o600 });
  fs.chmodSync(holderFile(file), 0o600);
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(fs.readFileSync(holderFile(file), 'utf8'));
  } catch {
    // It is about to say who it is.
    return undefined;
  }
}

function holderFile(file: string): string {
  return `${file}-holder`;
}

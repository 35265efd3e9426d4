import { loadLeniently } from '../config/load-leniently.ts';
import { storeOf } from '../config/store-url.ts';
import { backUp, restore } from '../store/sqlite/copies.ts';
import { bytes, time } from './print.ts';

/** Copies the store of a config into a file, also while its gateway runs. */
export async function backup(configFile: string, to: string, { force = false }: { force?: boolean }): Promise<void> {
  const copied = await backUp(fileOf(configFile), to, force);
  console.log(`${to}: ${about(copied)}, looked through and sound`);
}

/** Puts a copy into the place of the store. */
export async function restoreFrom(configFile: string, from: string): Promise<void> {
  const file = fileOf(configFile);
  const { aside, withoutWal, ...copied } = await restore(from, file);
  if (withoutWal !== undefined) console.log(`note: taken without the -wal beside it, since ${withoutWal}`);
  console.log(`${file}: ${about(copied)}, looked through and sound`);
  if (aside !== undefined) console.log(`what stood there is now ${aside}`);
}

function about({ bytes: size, latest }: { bytes: number; latest: number | undefined }): string {
  return `${bytes(size)}, ${latest === undefined ? 'no event' : `newest event ${time(latest)}`}`;
}

function fileOf(configFile: string): string {
  return storeOf(loadLeniently(configFile).loaded.config.store.url).file;
}

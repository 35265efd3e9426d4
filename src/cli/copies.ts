import path from 'node:path';
import { loadLeniently } from '../config/load-leniently.ts';
import { backUp, restore } from '../store/sqlite/copies.ts';
import { storeOf } from '../store/store-url.ts';
import type { Cli } from './io.ts';
import { bytes, say, time } from './print.ts';

/** Copies the store of a config into a file, also while its gateway runs. */
export async function backup(cli: Cli, to: string, { force = false }: { force?: boolean }): Promise<void> {
  const copied = await backUp(fileOf(cli), path.resolve(cli.cwd, to), force);
  say(cli, `${to}: ${about(copied)}, looked through and sound`);
}

/** Puts a copy into the place of the store. */
export async function restoreFrom(cli: Cli, from: string): Promise<void> {
  const file = fileOf(cli);
  const { aside, withoutWal, ...copied } = await restore(path.resolve(cli.cwd, from), file);
  if (withoutWal !== undefined) say(cli, `note: taken without the -wal beside it, since ${withoutWal}`);
  say(cli, `${file}: ${about(copied)}, looked through and sound`);
  if (aside !== undefined) say(cli, `what stood there is now ${aside}`);
}

function about({ bytes: size, latest }: { bytes: number; latest: number | undefined }): string {
  return `${bytes(size)}, ${latest === undefined ? 'no event' : `newest event ${time(latest)}`}`;
}

function fileOf({ configFile, env }: Cli): string {
  return storeOf(loadLeniently(configFile, env).loaded.config.store.url).file;
}

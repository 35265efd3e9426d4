import { existsSync } from 'node:fs';
import { pino } from 'pino';
import type { LoadedConfig } from '../../config/load.ts';
import { loadLeniently } from '../../config/load-leniently.ts';
import { ConfigError, StoreError } from '../../domain/errors.ts';
import { type Settings, settingsOf } from '../../settings.ts';
import { findHolder } from '../../store/sqlite/lock.ts';
import { withClient } from '../client.ts';
import { CommandError } from '../command-error.ts';
import type { Cli } from '../io.ts';
import { type DoctorContext, storeFileOf } from './finding.ts';

const answerMs = 5000;

/** Gives `use` what there is to look at, whatever is broken. */
export async function withContext<T>(cli: Cli, use: (context: DoctorContext) => Promise<T>): Promise<T> {
  const read = await readConfig(cli);
  const file = storeFileOf(read);
  const holder = file === undefined ? undefined : findHolder(file);
  const readiness = holder?.url === undefined ? undefined : await readinessAt(holder.url);
  const context = { configFile: cli.configFile, ...read, holder, readiness };
  try {
    return await withStore(cli, context, file, use);
  } finally {
    await read.settings?.transforms.close();
  }
}

type WithoutStore = Omit<DoctorContext, 'client' | 'storeProblem'>;

async function withStore<T>(
  cli: Cli,
  context: WithoutStore,
  file: string | undefined,
  use: (context: DoctorContext) => Promise<T>,
): Promise<T> {
  const without = { ...context, client: undefined };
  // To look must not make a store, nor wait for a gateway that does not answer.
  const isThere = file !== undefined && existsSync(file);
  const answers = context.holder === undefined || context.readiness !== undefined;
  if (!isThere || !answers) return use({ ...without, storeProblem: undefined });
  let outcome: { readonly value: T } | undefined;
  try {
    await withClient(cli, async (client) => {
      outcome = { value: await use({ ...context, client, storeProblem: undefined }) };
    });
  } catch (error) {
    const isKnown = error instanceof StoreError || error instanceof CommandError || error instanceof ConfigError;
    if (!isKnown && outcome === undefined) throw error;
    if (!outcome) return use({ ...without, storeProblem: (error as Error).message });
  }
  if (!outcome) throw new Error('nothing was looked at');
  return outcome.value;
}

async function readConfig({ configFile, env }: Cli): Promise<{
  loaded: LoadedConfig | undefined;
  settings: Settings | undefined;
  problems: readonly string[];
}> {
  let loaded: LoadedConfig | undefined;
  try {
    const lenient = loadLeniently(configFile, env);
    loaded = lenient.loaded;
    if (lenient.problems) return { loaded, settings: undefined, problems: lenient.problems };
    return { loaded, settings: await settingsOf(loaded, pino({ level: 'silent' })), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { loaded, settings: undefined, problems: error.problems };
  }
}

async function readinessAt(url: string): Promise<string | undefined> {
  try {
    return await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerMs) })).text();
  } catch {
    return undefined;
  }
}

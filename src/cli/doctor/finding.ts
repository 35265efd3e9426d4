import type { LoadedConfig } from '../../config/load.ts';
import type { Settings } from '../../settings.ts';
import type { Holder } from '../../store/sqlite/lock.ts';
import { storeOf } from '../../store/store-url.ts';
import type { Client } from '../client.ts';

/** What one look has brought: `problem` needs the owner, `warning` perhaps. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** what to do */
  readonly remedy?: string;
}

export interface DoctorCheck {
  readonly name: string;
  run(context: DoctorContext): readonly Finding[] | Promise<readonly Finding[]>;
}

/** What the checks look at. Nothing here need be there: each check says what it can without. */
export interface DoctorContext {
  readonly configFile: string;
  /** why the config does not load */
  readonly problems: readonly string[];
  /** the config, or defaults with the store that it names where it does not load */
  readonly loaded: LoadedConfig | undefined;
  readonly settings: Settings | undefined;
  /** the process that has the store */
  readonly holder: Holder | undefined;
  /** what `/readyz` of the gateway says; undefined where none answers */
  readonly readiness: string | undefined;
  /** the owner's API, of the gateway or of a store that was opened for this */
  readonly client: Pick<Client, 'get' | 'isRunning'> | undefined;
  /** why there is no client though there is a store */
  readonly storeProblem: string | undefined;
}

export const ok = (text: string): Finding => ({ state: 'ok', text });
export const warning = (text: string, remedy: string): Finding => ({ state: 'warning', text, remedy });
export const problem = (text: string, remedy: string): Finding => ({ state: 'problem', text, remedy });

/** Where the store is; undefined where the config does not say. */
export function storeFileOf({ loaded }: Pick<DoctorContext, 'loaded'>): string | undefined {
  return loaded && storeOf(loaded.config.store.url).file;
}

import type { Static, TObject, TProperties } from 'typebox';
import type { Env } from '../schema/env.ts';
import type { Agent } from './agent.ts';

/** An API that providers speak: a record of `catalog.ts`, which says all that the rest knows of it. */
export interface ProviderApi<Name extends string = string, Options extends TProperties = TProperties> {
  /** `api` of `agents.providers.<id>` */
  readonly name: Name;
  /** what it takes of the other settings there, all of which may be left out */
  readonly options: Options;
  /** the options that it cannot do without */
  readonly needs: readonly string[];
  /** Loads what its first turn would wait for. */
  load(): Promise<unknown>;
  /** Makes what speaks to a provider. Throws a `ConfigError` for settings that cannot work. */
  create(id: string, settings: ProviderSettings<Options>, around: ProviderSurroundings): CreatedProvider;
}

type ProviderSettings<Options extends TProperties> = Partial<Static<TObject<Options>>> & {
  readonly contextTokens?: number;
};

export interface ProviderSurroundings {
  readonly env: Env;
  /** where commands run, unless they have a folder of their own */
  readonly workspace: string;
}

export interface CreatedProvider {
  readonly agent: Agent;
  /** why every turn will fail, such as for want of an API key; undefined where one may succeed */
  readonly problem: string | undefined;
}

import { anthropic } from './anthropic/anthropic.ts';
import { command } from './command/command.ts';
import { echo } from './echo.ts';
import { openaiChat } from './openai/chat.ts';
import { openai } from './openai/openai.ts';
import type { ProviderApi } from './provider-api.ts';

/** The APIs that providers may speak: the only list of them. A new one is a file and a line here. */
export const apiCatalog = [anthropic, openai, openaiChat, command, echo] as const satisfies readonly ProviderApi[];

export type ProviderApiName = (typeof apiCatalog)[number]['name'];

const byName = new Map<string, ProviderApi>(apiCatalog.map((api) => [api.name, api]));

/** The API of a name that the schema has let pass. */
export function apiOf(name: ProviderApiName): ProviderApi {
  const api = byName.get(name);
  if (!api) throw new Error(`there is no API "${name}"`);
  return api;
}

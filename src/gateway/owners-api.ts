import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.ts';
import { systemClock } from '../domain/time/clock.ts';
import { settingsOf } from '../settings.ts';
import { startServices } from './services.ts';
import { listen, openWebSide } from './web-side.ts';

/**
 * Opens the owner's API of a store that no gateway serves, on a free port and for whoever has its token; no work is done.
 * So commands are the same whether a gateway runs or not.
 */
export async function openOwnersApi(
  loaded: LoadedConfig,
  log: Logger,
): Promise<{ readonly url: string; readonly token: string; stop(): Promise<void> }> {
  const settings = await settingsOf(loaded, log);
  const { store, server, stopListening } = await openWebSide(() => settings, log, systemClock);
  let url = '';
  const stop = await startServices(
    [
      { name: 'store', stop: () => store.close() },
      { name: 'transforms', stop: () => settings.transforms.close() },
      {
        name: 'listener',
        async start() {
          url = await listen(server, 'gateway.port', 0, '127.0.0.1');
        },
        stop: stopListening,
      },
    ],
    (name, error) => log.error({ err: error }, `cannot stop: ${name}`),
  );
  return { url, token: store.commandToken, stop };
}

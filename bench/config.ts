import fs from 'node:fs';
import path from 'node:path';

export const hookToken = 'the-hook-token-of-the-bench';
export const gatewayToken = 'the-gateway-token-of-the-bench';

/** How a gateway under test does its runs. */
export interface Work {
  /** provider/model */
  readonly model: string;
  readonly maxConcurrent?: number;
  readonly providers?: Record<string, { api: 'anthropic'; baseURL: string; apiKey: string }>;
}

/** Runs are answered at once, without a model. */
export const echo: Work = { model: 'echo/echo' };

/** Runs go to a model server on this machine. */
export function local(url: string, maxConcurrent = 8): Work {
  return {
    model: 'local/model',
    maxConcurrent,
    providers: { local: { api: 'anthropic', baseURL: url, apiKey: 'none' } },
  };
}

/** One run that never ends fills the only place, so that accepting is all that costs time. */
export function parked(silentServer: string): Work {
  return local(silentServer, 1);
}

/** Where a gateway of that folder keeps everything: the default of `store.url`. */
export function storeFile(dir: string): string {
  return path.join(dir, 'data', 'gimli.db');
}

/**
 * Writes a gateway's config into its folder: the defaults, with replies to the log as `gimli init` has it, but for a heartbeat
 * that beats only when woken.
 */
export function writeConfig(dir: string, { model, maxConcurrent = 8, providers = {} }: Work): string {
  const file = path.join(dir, 'gimli.json5');
  const config = {
    gateway: { drainSeconds: 0, token: gatewayToken },
    hooks: { enabled: true, token: hookToken, mappings: [order] },
    agents: { defaults: { model, maxConcurrent, heartbeat: { every: '0m', target: 'none' } }, providers },
    channels: { owner: { channel: 'log' } },
    log: { level: 'info' },
  };
  fs.writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}

const order = {
  match: { path: 'order' },
  action: 'agent',
  name: 'Order {{order.id}}',
  messageTemplate:
    'Order {{order.id}} of {{customer.name}} ({{customer.email}}): {{order.total}} {{order.currency}}\n{{note}}',
};

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../bench/child.ts';
import { oneKilobyte } from '../../bench/load.ts';
import { configOf, githubSecret } from './gateway-config.ts';
import type { KeyHost } from './key-hosts.ts';

const cli = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url));

export interface Gateway extends Child {
  readonly dir: string;
  /** beside its folder, where nothing is watched */
  readonly logFile: string;
}

/** The built gateway as a service starts it, with its log beside its folder. */
export async function startHostileGateway(dir: string, keyHosts: readonly KeyHost[]): Promise<Gateway> {
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const configFile = path.join(dir, 'gimli.json5');
  const env = [`GITHUB_WEBHOOK_SECRET=${githubSecret}`, `STRIPE_WEBHOOK_SECRET=whsec_${'a'.repeat(32)}`];
  fs.writeFileSync(path.join(dir, '.env'), `${env.join('\n')}\n`, { mode: 0o600 });
  fs.writeFileSync(configFile, JSON.stringify(configOf(keyHosts), null, 2));
  const logFile = `${dir}.log`;
  const probe = oneKilobyte('/hooks/wake', { mode: 'next-heartbeat' }, 'text');
  const child = await startChild([cli, '--config', configFile, 'serve', '--port'], logFile, probe);
  const ready = await (await fetch(`${child.url}/readyz`)).text();
  if (ready !== 'ready') throw new Error(`the gateway is ${ready}:\n${fs.readFileSync(logFile, 'utf8')}`);
  return { ...child, dir, logFile };
}

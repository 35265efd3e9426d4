import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { type Work, writeConfig } from './config.ts';
import { type Call, oneKilobyte } from './load.ts';

const cli = fileURLToPath(new URL('../dist/cli/index.js', import.meta.url));
const baseServer = fileURLToPath(new URL('./base-server.ts', import.meta.url));
const storelessServer = fileURLToPath(new URL('./storeless-server.ts', import.meta.url));

const modelProcess = fileURLToPath(new URL('./model-process.ts', import.meta.url));

const probe: Call = oneKilobyte('/hooks/wake', { mode: 'next-heartbeat' }, 'text');

/** What every ratio is measured against. */
export function startBase(dir: string): Promise<Child> {
  return startChild([baseServer], path.join(dir, 'base.log'), probe);
}

/** The built CLI, as a service starts it, with config and store in `dir`, and its log beside that, where nothing is watched. */
export function startGateway(dir: string, work: Work, nodeFlags: readonly string[] = []): Promise<Child> {
  fs.mkdirSync(dir, { recursive: true });
  const args = [...nodeFlags, cli, '--config', writeConfig(dir, work), 'serve', '--port'];
  return startChild(args, `${dir}.log`, probe);
}

/** Gimli's whole way of a request, but for the store. */
export function startStoreless(dir: string, work: Work): Promise<Child> {
  fs.mkdirSync(dir, { recursive: true });
  return startChild([storelessServer, writeConfig(dir, work)], path.join(dir, 'gimli.log'), probe);
}

/** A model that answers at once, or after `delayMs`. */
export function startModel(dir: string, delayMs = 0): Promise<Child> {
  return startChild([modelProcess, String(delayMs)], path.join(dir, 'model.log'), probe);
}

/** A model server that takes every request and answers none. Resolves to its address; it ends with the bench. */
export function startSilentServer(): Promise<string> {
  const server = http.createServer(() => {}).unref();
  server.on('connection', (socket) => socket.unref());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

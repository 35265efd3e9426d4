import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, headers } from './load.ts';

/** A server in a process of its own. */
export interface Child {
  readonly url: string;
  /** from the spawn to the first good answer, in ms */
  readonly startMs: number;
  /** CPU time so far, user and system, in ms; NaN where the system has no /proc */
  cpuMs(): number;
  /** resident memory in MB; NaN where the system has no /proc */
  residentMb(): number;
  /** how many files and sockets it has open; NaN where the system has no /proc */
  openFiles(): number;
  /** A paused process takes no CPU from the one that is measured. */
  pause(): void;
  resume(): void;
  /** Resolves to its exit code; null where it did not stop in 10 seconds and was killed. */
  stop(): Promise<number | null>;
}

const startLimitMs = 60_000;
const stopLimitMs = 10_000;

/**
 * Starts `node <args> <port>` and waits for the first 2xx to `probe`. What it logs goes to a file, as it would in service.
 * It never outlives the bench.
 */
export async function startChild(args: readonly string[], logFile: string, probe: Call): Promise<Child> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = fs.openSync(logFile, 'a');
  const began = performance.now();
  const child = spawn(process.execPath, [...args, String(port)], { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', kill);
      resolve(code);
    });
  });

  while (!(await answers(url, probe))) {
    const late = performance.now() - began > startLimitMs;
    if (late) kill();
    if (late || child.exitCode !== null) {
      throw new Error(`${args[0]} did not start:\n${fs.readFileSync(logFile, 'utf8').slice(-2000)}`);
    }
    await sleep(2);
  }
  return {
    url,
    startMs: performance.now() - began,
    cpuMs: () => cpuMs(child.pid),
    residentMb: () => residentMb(child.pid),
    openFiles: () => openFiles(child.pid),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const patience = setTimeout(kill, stopLimitMs);
      const code = await exited;
      clearTimeout(patience);
      return code;
    },
  };
}

function answers(url: string, { path, body }: Call): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { method: 'POST', headers: { ...headers, Connection: 'close' } };
    const request = http.request(url + path, options, (response) => {
      response.resume().once('close', () => resolve(Math.floor((response.statusCode ?? 0) / 100) === 2));
    });
    request.once('error', () => resolve(false)).end(body);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Linux counts in hundredths of a second, on every architecture Node runs on. */
const msPerTick = 10;

function cpuMs(pid: number | undefined): number {
  // After the name, which may hold spaces, utime and stime are the 12th and 13th field.
  const fields = proc(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

function residentMb(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(proc(pid, 'status'))?.[1]) / 1024;
}

function openFiles(pid: number | undefined): number {
  const folder = `/proc/${pid}/fd`;
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : Number.NaN;
}

function proc(pid: number | undefined, name: string): string {
  const file = `/proc/${pid}/${name}`;
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}

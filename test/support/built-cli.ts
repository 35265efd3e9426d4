import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atEnd } from './at-end.ts';

/** The program as it is shipped. */
const cliFile = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url));

export interface Ended {
  /** null where a signal ended it */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A gateway in a process of its own. */
export interface ServedGateway {
  readonly url: string;
  readonly pid: number;
  /** what it has printed so far */
  readonly output: () => string;
  kill(signal: NodeJS.Signals): Promise<Ended>;
}

export interface BuiltCli {
  /** Runs a command to its end; ends it after a minute. */
  run(...args: string[]): Promise<Ended>;
  /** Starts `gimli serve`, and settles when it listens. Fails with what it printed where it ends instead. */
  serve(...args: string[]): Promise<ServedGateway>;
  /** Starts `gimli serve` and kills it after `ms`, wherever it is by then. */
  cutStart(ms: number, ...args: string[]): Promise<void>;
}

/** The built CLI, run in `dir` and with nothing of this process's environment but what finds programs. */
export function builtCli(
  dir: string,
  env: NodeJS.ProcessEnv = {},
  node: readonly string[] = [process.execPath],
): BuiltCli {
  if (!existsSync(cliFile)) throw new Error('there is no dist/cli/index.js: make it with `npm run build`');
  const children = new Set<ChildProcess>();
  atEnd(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  function start(args: readonly string[], timeout?: number) {
    const [command = '', ...options] = node;
    const child = spawn(command, [...options, cliFile, ...args], {
      cwd: dir,
      env: { PATH: process.env.PATH, HOME: dir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeout ? { timeout, killSignal: 'SIGKILL' } : {}),
    });
    children.add(child);
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        printed[stream] += text;
      });
    }
    const ended: Promise<Ended> = once(child, 'close').then(([code]) => {
      children.delete(child);
      return { code, ...printed };
    });
    return { child, printed, ended };
  }

  return {
    run: (...args) => start(args, 60_000).ended,
    async serve(...args) {
      const { child, printed, ended } = start(['serve', ...args]);
      const url = await new Promise<string>((resolve, reject) => {
        child.stdout.on('data', () => {
          const address = /^Gimli listens on (\S+)\n/m.exec(printed.stdout)?.[1];
          if (address) resolve(address);
        });
        void ended.then(({ code, stdout, stderr }) =>
          reject(new Error(`gimli serve ended with ${code}:\n${stdout}${stderr}`)),
        );
      });
      return {
        url,
        pid: child.pid ?? 0,
        output: () => printed.stdout + printed.stderr,
        kill(signal) {
          child.kill(signal);
          return ended;
        },
      };
    },
    async cutStart(ms, ...args) {
      const { child, ended } = start(['serve', ...args]);
      setTimeout(() => child.kill('SIGKILL'), ms);
      await ended;
    },
  };
}

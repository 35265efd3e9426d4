import path from 'node:path';
import { pino } from 'pino';
import { atEnd } from './at-end.ts';
import { type BuiltCli, builtCli, type Ended } from './built-cli.ts';
import { nativeGimli, nativeProgram } from './native.ts';

export interface TestCli extends Pick<BuiltCli, 'serve'> {
  /** Runs a command to its end, in this process. */
  run(...args: string[]): Promise<Ended>;
  /**
   * Starts a gateway in this process, for commands in this process: the system knows the lock of its store as one of processes. It is
   * stopped at the latest when the tests of the file are over.
   */
  start(configFile?: string): Promise<{ readonly url: string; stop(): Promise<void> }>;
}

/** The CLI in `dir`, with nothing of this process's environment. What it serves is the built gateway, in a process of its own. */
export function cliIn(dir: string, more: NodeJS.ProcessEnv = {}): TestCli {
  const env = { PATH: process.env.PATH, HOME: dir, ...more };
  const before = process.cwd();
  atEnd(() => process.chdir(before));
  return {
    async run(...args) {
      const { main } = await nativeProgram();
      // What loads a config names its files relative to the folder of the process.
      process.chdir(dir);
      const printed = { stdout: '', stderr: '' };
      const code = await main(args, {
        out: (text) => {
          printed.stdout += text;
        },
        err: (text) => {
          printed.stderr += text;
        },
        env,
        cwd: dir,
        ask: undefined,
      });
      return { code, ...printed };
    },
    async start(configFile = 'gimli.json5') {
      const { createGimli } = await nativeGimli();
      const log = pino({ level: 'silent' }, { write: () => {} });
      const gimli = await createGimli({ configFile: path.resolve(dir, configFile), env, log });
      let stopped: Promise<void> | undefined;
      const stop = () => {
        stopped ??= gimli.stop();
        return stopped;
      };
      atEnd(stop);
      return { url: gimli.url, stop };
    },
    serve: builtCli(dir, more).serve,
  };
}

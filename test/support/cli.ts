import { atEnd } from './at-end.ts';
import { type BuiltCli, builtCli, type Ended } from './built-cli.ts';
import { nativeProgram } from './native.ts';

export interface TestCli extends Pick<BuiltCli, 'serve'> {
  /** Runs a command to its end, in this process. */
  run(...args: string[]): Promise<Ended>;
}

/** The CLI in `dir`, with nothing of this process's environment. A gateway that it serves is a process of its own: the built one. */
export function cliIn(dir: string, env: NodeJS.ProcessEnv = {}): TestCli {
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
        env: { PATH: process.env.PATH, HOME: dir, ...env },
        cwd: dir,
        ask: undefined,
      });
      return { code, ...printed };
    },
    serve: builtCli(dir, env).serve,
  };
}

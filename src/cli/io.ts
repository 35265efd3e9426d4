import { createInterface } from 'node:readline/promises';

/** What a command has of the world around it. */
export interface Io {
  /** Takes a text for stdout as it stands. */
  readonly out: (text: string) => void;
  /** The same for stderr. */
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** where relative paths begin */
  readonly cwd: string;
  /** Resolves to the answer of whoever sits at the terminal, '' where there is none; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** The same for a command that works with a config. */
export interface Cli extends Io {
  readonly configFile: string;
}

/** What the process has. */
export function processIo({ stdin, stdout, stderr, env, cwd }: NodeJS.Process): Io {
  // A reader that has seen enough and is gone, such as `head`, is no failure.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    cwd: cwd(),
    ask: stdin.isTTY && stdout.isTTY ? askAtTerminal : undefined,
  };
}

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and the end of the input are no answer.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return answer;
}

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as wait } from 'node:timers/promises';

export interface ProcessOptions {
  readonly cwd: string;
  /** all of its environment */
  readonly env: Readonly<Record<string, string>>;
  /** goes to stdin, of which the process may read as much as it likes */
  readonly input: string;
  /** more output than this ends it */
  readonly maxBytes: number;
  /** told of the output piece by piece, as it comes; must not throw */
  readonly onOutput?: ((piece: string) => void) | undefined;
  /** ends it */
  readonly signal: AbortSignal;
}

interface Ended {
  readonly output: string;
  /** the last of what it wrote to stderr */
  readonly lastWords: string;
  /** undefined where it was successful */
  readonly failure: 'wrote too much' | `ended with exit code ${number}` | `was killed by ${string}` | undefined;
}

const graceMs = 2000;
const keptOfStderr = 1000;

/**
 * Runs a command in a process group of its own, without a shell. Whatever it has started and left in that group ends with it:
 * SIGTERM, and SIGKILL after 2 s. Rejects where it cannot be started, and with the signal's reason when that aborts. Where it
 * is cut short, the group is gone before the promise settles.
 */
export async function runProcess(command: string, args: readonly string[], options: ProcessOptions): Promise<Ended> {
  const { cwd, env, input, maxBytes, onOutput, signal } = options;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: 'pipe' });
  // A character may come in two pieces.
  const decoder = new StringDecoder('utf8');
  const pieces: string[] = [];
  const take = (piece: string) => {
    if (piece === '') return;
    pieces.push(piece);
    onOutput?.(piece);
  };
  let bytes = 0;
  let lastWords = Buffer.alloc(0);
  let ending: Promise<void> | undefined;
  let late: NodeJS.Timeout | undefined;
  const end = () => {
    if (child.pid !== undefined) ending ??= endGroup(child.pid);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) end();
    else take(decoder.write(chunk));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = Buffer.concat([lastWords, chunk]).subarray(-keptOfStderr);
  });
  child.once('exit', () => {
    if (!ending && child.pid !== undefined) dismissGroup(child.pid);
    // What has left the group may hold on to the pipes for ever.
    late = setTimeout(() => closePipes(child), graceMs);
  });
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [code, killedBy]: (number | string | null)[] = await once(child, 'close');
    signal.throwIfAborted();
    take(decoder.end());
    return {
      output: pieces.join(''),
      lastWords: tailOf(lastWords.toString('utf8'), lastWords.length === keptOfStderr),
      failure: bytes > maxBytes ? 'wrote too much' : failureOf(Number(code), killedBy),
    };
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', end);
    await ending;
  }
}

/** Without the word that was cut in two: it may be a secret that nothing would know any more. */
export function tailOf(text: string, isCut: boolean): string {
  return isCut ? text.replace(/^\S*/, '') : text;
}

function failureOf(code: number, killedBy: unknown): Ended['failure'] {
  if (killedBy) return `was killed by ${killedBy}`;
  return code === 0 ? undefined : `ended with exit code ${code}`;
}

function closePipes({ stdout, stderr }: ChildProcessWithoutNullStreams): void {
  stdout.destroy();
  stderr.destroy();
}

/** For what a command has left behind, which neither its reply nor our own end need wait for. */
function dismissGroup(leader: number): void {
  if (signalGroup(leader, 'SIGTERM')) setTimeout(() => signalGroup(leader, 'SIGKILL'), graceMs).unref();
}

async function endGroup(leader: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  let there = signalGroup(leader, 'SIGTERM');
  while (there && Date.now() < deadline) {
    await wait(20);
    there = signalGroup(leader, 0);
  }
  if (there) signalGroup(leader, 'SIGKILL');
}

/** False where nobody is left to hear it. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

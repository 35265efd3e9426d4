import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort } from 'node:worker_threads';
import type { About, Level, TransformLine } from './call.ts';

/** More lines of one call are left out, and one more line says so. */
const mostLines = 20;
const longestLine = 1000;

/** What a thread is at: all that the owner's code writes or does later, too, belongs to the call in which it began. */
export interface Scope {
  readonly about: About;
  lines: number;
  /** Fails the call that is under way; undefined before it has begun and once it has its answer. */
  fail: ((error: unknown) => void) | undefined;
  /** Takes out of a message what repeats the event; undefined where there is none. */
  hide?: (text: string) => string;
}

export interface Output {
  /** Runs work whose output is that of `about`. */
  during<T>(about: About, work: (scope: Scope) => T): T;
}

const levelOf: Readonly<Record<string, Level>> = {
  error: 'error',
  warn: 'warn',
  assert: 'warn',
  debug: 'debug',
  trace: 'debug',
};

/**
 * Sends what is written to the console and to the streams of the process to the gateway's log, and what happens behind the back
 * of a call, which would end the thread: an error that nobody catches fails its own call, or is told where that has ended.
 * @param describe what to say of anything thrown
 */
export function captureOutput(describe: (error: unknown) => string): Output {
  const scopes = new AsyncLocalStorage<Scope>();
  const nowhere: Scope = { about: { transform: '' }, lines: 0, fail: undefined };
  const send = (line: TransformLine) => parentPort?.postMessage(line);

  function say(level: Level, text: string): void {
    const scope = scopes.getStore() ?? nowhere;
    scope.lines += 1;
    const { about, lines } = scope;
    if (lines <= mostLines) send({ level, text: cut(text), about });
    else if (lines === mostLines + 1) {
      send({
        level: 'warn',
        text: `only the first ${mostLines} lines of a call are shown; the rest is left out`,
        about,
      });
    }
  }

  captureStreams(captureLevels(), say);
  process.removeAllListeners('warning');
  const told = (error: unknown) => (scopes.getStore()?.hide ?? String)(describe(error));
  process.on('warning', (warning) => say('warn', told(warning)));
  process.on('unhandledRejection', (error) => say('warn', `a promise that nobody waited for failed: ${told(error)}`));
  process.on('uncaughtException', (error) => {
    const fail = scopes.getStore()?.fail;
    if (fail) fail(error);
    else say('warn', `threw after its call had ended: ${told(error)}`);
  });
  return {
    during(about, work) {
      const scope: Scope = { about, lines: 0, fail: undefined };
      return scopes.run(scope, () => work(scope));
    },
  };
}

/** Gives the level of the console's method that is at work; undefined where something else writes. */
function captureLevels(): () => Level | undefined {
  let level: Level | undefined;
  const methods = console as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method !== 'function' || name === 'Console') continue;
    methods[name] = (...values: unknown[]) => {
      const outer = level;
      // Some methods call others.
      level ??= levelOf[name] ?? 'info';
      try {
        return method.apply(console, values);
      } finally {
        level = outer;
      }
    };
  }
  return () => level;
}

function captureStreams(current: () => Level | undefined, say: (level: Level, text: string) => void): void {
  for (const [stream, usual] of [
    [process.stdout, 'info'],
    [process.stderr, 'warn'],
  ] as const) {
    const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
      say(current() ?? usual, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      for (const done of rest) if (typeof done === 'function') queueMicrotask(() => done());
      return true;
    };
    stream.write = write as typeof stream.write;
  }
}

function cut(text: string): string {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text;
  return line.length <= longestLine ? line : `${line.slice(0, longestLine)}… (${line.length} characters)`;
}

import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { messageOf } from '../../domain/errors.ts';
import type { Env } from '../../schema/env.ts';
import {
  type CallAnswer,
  levels,
  type ThreadNotice,
  type TransformCall,
  type TransformLine,
  type TransformTarget,
} from './call.ts';
import { createMemoryWatch } from './memory.ts';
import type { Snapshot } from './source.ts';
import { createTurns } from './turns.ts';
import type { ThreadData } from './worker.ts';

/** Threads that run the sources of one moment. Threads are no sandbox: a transform is the owner's own, trusted code. */
export interface Pool {
  /** What is wrong with a module or its export; null where it can be called. */
  check(target: Omit<TransformTarget, 'id'>): Promise<string | null>;
  /**
   * Makes the calls of one event, a few at a time, so that other events have their turn and no call is put together before
   * a thread can take it. Resolves to what `read` makes of each answer, in order. The first call that fails, or whose answer
   * `read` refuses, fails the event: the others under way are ended. So does a batch that has taken `batchMs` in all.
   */
  run<T>(work: Work, read: (answer: CallAnswer) => T): Promise<readonly T[]>;
  /** Lets the events under way end, then the threads. An event that comes later has threads for itself. */
  drain(): Promise<void>;
}

/** The calls of one event. */
interface Work {
  readonly calls: Generator<Omit<TransformCall, 'id'>>;
  readonly count: number;
  /** what the event holds in memory while it waits */
  readonly bytes: number;
  /** for the function alone, not for waiting or loading; a thread that exceeds it is ended */
  readonly timeoutMs: number;
}

export interface PoolOptions {
  readonly sources: Snapshot;
  /** what the owner's code sees as process.env */
  readonly env: Env;
  /** how long the calls of one event may take together, waiting for threads included */
  readonly batchMs: number;
  /** ends what is under way, with its reason */
  readonly stop: AbortSignal;
  /** what the owner's code writes */
  onLine(line: TransformLine): void;
}

/** To begin, where there is a place for it, and to load a module. */
const loadLimitMs = 10_000;
const memoryLimitMb = 128;
const maxOutsideBytes = memoryLimitMb * 2 ** 20;
const maxThreads = Math.min(4, Math.max(2, availableParallelism()));
const waitLimits = { ms: 30_000, count: 1000, bytes: 64 * 2 ** 20 };
const worker = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
const tooMuch = {
  heap: `needed more than ${memoryLimitMb} MB of memory`,
  outside: `held more than ${memoryLimitMb} MB in Buffers`,
};

export function createPool({ sources, env, batchMs, stop, onLine }: PoolOptions): Pool {
  const threads = new Piscina({
    filename: worker,
    workerData: { sources, maxOutsideBytes } satisfies ThreadData,
    env: environmentOf(env),
    minThreads: 1,
    maxThreads,
    idleTimeout: 30_000,
    // Else a thread stands still between two calls, and what a call left behind goes wrong under another one.
    atomics: 'disabled',
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const turns = createTurns(maxThreads, waitLimits);
  const memory = createMemoryWatch(() => threads.threads, maxOutsideBytes);
  const calls = new Map<number, (notice: ThreadNotice) => void>();
  const underWay = new Set<Promise<unknown>>();
  let lastId = 0;
  let drained = false;

  threads.on('message', (message: unknown) => {
    if (isLine(message)) onLine(message);
    else if (isNotice(message)) calls.get(message.id)?.(message);
  });
  // A thread that dies between two calls is replaced; without a listener it would end the process.
  threads.on('error', () => {});

  /** Rejects with the reason of `abort`, which a limit sets off, or with what ended the thread. */
  async function limited<T>(
    task: Omit<TransformTarget, 'id'>,
    name: 'checkTarget' | 'run',
    timeoutMs: number,
    abort: AbortController,
  ): Promise<T> {
    const id = ++lastId;
    const end = (reason: string) => abort.abort(new Error(reason));
    let timer = setTimeout(() => end(`did not begin within ${loadLimitMs} ms`), loadLimitMs);
    let thread: number | undefined;
    calls.set(id, ({ phase, threadId }) => {
      if (phase === 'full') return end(tooMuch.outside);
      if (thread === undefined) memory.begin(threadId, () => end(tooMuch.outside));
      thread = threadId;
      clearTimeout(timer);
      const limit = phase === 'load' ? loadLimitMs : timeoutMs;
      timer = setTimeout(() => end(`took longer than ${limit} ms and was stopped`), limit);
    });
    try {
      return await threads.run({ ...task, id }, { name, signal: abort.signal });
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : causeOf(error);
    } finally {
      clearTimeout(timer);
      calls.delete(id);
      if (thread !== undefined) memory.end(thread);
    }
  }

  /** Work of one or more tasks, all of which end when `stop` says so or when the work fails. */
  function tracked<T>(work: (abort: AbortController) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const onStop = () => abort.abort(stop.reason);
    stop.addEventListener('abort', onStop);
    const done = work(abort).finally(() => {
      abort.abort();
      stop.removeEventListener('abort', onStop);
      underWay.delete(done);
      if (drained && underWay.size === 0) void threads.destroy();
    });
    underWay.add(done);
    return done;
  }

  async function answerTo(
    call: Omit<TransformCall, 'id'>,
    timeoutMs: number,
    abort: AbortController,
  ): Promise<CallAnswer> {
    try {
      return await limited<CallAnswer>(call, 'run', timeoutMs, abort);
    } catch (error) {
      return failed(error);
    }
  }

  return {
    check: (target) =>
      tracked((abort) => limited<string | null>(target, 'checkTarget', loadLimitMs, abort).catch(messageOf)),
    run: ({ calls: made, count, bytes, timeoutMs }, read) =>
      tracked(async (abort) => {
        const takers = Math.min(maxThreads, count);
        const tooLong = `was not done with all ${count} elements within ${batchMs} ms`;
        // One call has its own limits.
        const late = count > 1 ? setTimeout(() => abort.abort(new Error(tooLong)), batchMs) : undefined;
        const results: ReturnType<typeof read>[] = [];
        let begun = 0;
        const takeTurns = async () => {
          while (begun < count) {
            const problem = await turns.take(bytes / takers, abort.signal).then(() => undefined, failed);
            if (problem) return void read(problem);
            try {
              const at = begun++;
              const call = made.next();
              if (!call.done) results[at] = read(await answerTo(call.value, timeoutMs, abort));
            } finally {
              turns.free();
            }
          }
        };
        await Promise.all(Array.from({ length: takers }, takeTurns)).finally(() => clearTimeout(late));
        return results;
      }),
    async drain() {
      // Not Piscina's own close(): it ends threads that are still at work when there are more than two.
      while (underWay.size > 0) await Promise.allSettled(underWay);
      drained = true;
      await threads.destroy();
    },
  };
}

/** Without the options of Node, which are for the gateway: a thread does not start with most of them. */
function environmentOf(env: Env): Record<string, string> {
  const set = Object.entries(env).filter(([name, value]) => value !== undefined && name !== 'NODE_OPTIONS');
  return Object.fromEntries(set) as Record<string, string>;
}

function failed(error: unknown): CallAnswer {
  const reason = messageOf(error);
  return { kind: 'error', reason, logged: reason };
}

function causeOf(error: unknown): unknown {
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') return new Error(tooMuch.heap);
  const [, code] = /^worker exited with code: (\d+)/.exec(messageOf(error)) ?? [];
  return code === undefined ? error : new Error(`ended its thread with process.exit(${code})`);
}

// The owner's code may send messages, too.
function isLine(message: unknown): message is TransformLine {
  const { level, text, about } = (message ?? {}) as Partial<TransformLine>;
  return levels.some((known) => known === level) && typeof text === 'string' && typeof about?.transform === 'string';
}

function isNotice(message: unknown): message is ThreadNotice {
  const { id, threadId } = (message ?? {}) as Partial<ThreadNotice>;
  return typeof id === 'number' && typeof threadId === 'number';
}

import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { messageOf } from '../domain/errors.ts';
import type { Snapshot } from './transform-source.ts';
import type { Answer, Call, Phase, Target } from './transform-worker.ts';

/** Threads that run the sources of one moment. Threads are no sandbox: a transform is the owner's own, trusted code. */
export interface Pool {
  /** What is wrong with a module or its export; null where it can be called. */
  check(target: Omit<Target, 'id'>): Promise<string | null>;
  /**
   * Makes the calls of one event, a few at a time, so that other events have their turn and no call is put together before
   * a thread can take it. Resolves to what `read` makes of each answer, in order. The first call that fails, or whose answer
   * `read` refuses, fails the event: the others under way are ended. `timeoutMs` is for the function alone, not for waiting
   * or loading; a thread that exceeds it is ended.
   */
  run<T>(calls: Generator<Omit<Call, 'id'>>, timeoutMs: number, read: (answer: Answer) => T): Promise<readonly T[]>;
  /** Lets the events under way end, then the threads. An event that comes later has threads for itself. */
  drain(): Promise<void>;
}

const loadLimitMs = 10_000;
const memoryLimitMb = 128;
const maxThreads = Math.min(4, Math.max(2, availableParallelism()));
const worker = fileURLToPath(new URL(`./transform-worker${extname(import.meta.url)}`, import.meta.url));

/** @param stop ends what is under way, with its reason */
export function createPool(sources: Snapshot, stop: AbortSignal): Pool {
  const threads = new Piscina({
    filename: worker,
    workerData: sources,
    minThreads: 1,
    maxThreads,
    idleTimeout: 30_000,
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
    // A promise that the owner's code forgot must not end the thread under another event's call.
    execArgv: ['--unhandled-rejections=warn', '--disable-warning=ExperimentalWarning'],
  });
  const phases = new Map<number, (phase: Phase['phase']) => void>();
  const underWay = new Set<Promise<unknown>>();
  let lastId = 0;
  let drained = false;

  // The owner's code may send messages, too.
  threads.on('message', (message: Phase | null) => message && phases.get(message.id)?.(message.phase));
  // A thread that dies between two calls is replaced; without a listener it would end the process.
  threads.on('error', () => {});

  /** Rejects with the reason of `abort`, which its time limit sets off, or with what ended the thread. */
  async function limited<T>(
    task: Omit<Target, 'id'>,
    name: 'check' | 'run',
    timeoutMs: number,
    abort: AbortController,
  ): Promise<T> {
    const id = ++lastId;
    let timer: NodeJS.Timeout | undefined;
    phases.set(id, (phase) => {
      clearTimeout(timer);
      const limit = phase === 'load' ? loadLimitMs : timeoutMs;
      timer = setTimeout(() => abort.abort(new Error(`took longer than ${limit} ms and was stopped`)), limit);
    });
    try {
      return await threads.run({ ...task, id }, { name, signal: abort.signal });
    } catch (error) {
      if (abort.signal.aborted) throw abort.signal.reason;
      const outOfMemory = (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
      throw outOfMemory ? new Error(`needed more than ${memoryLimitMb} MB of memory`) : error;
    } finally {
      clearTimeout(timer);
      phases.delete(id);
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

  return {
    check: (target) => tracked((abort) => limited<string | null>(target, 'check', loadLimitMs, abort).catch(messageOf)),
    run: <T>(calls: Generator<Omit<Call, 'id'>>, timeoutMs: number, read: (answer: Answer) => T) =>
      tracked(async (abort) => {
        const results: T[] = [];
        let count = 0;
        const takeTurns = async () => {
          for (const call of calls) {
            const at = count++;
            const answer = limited<Answer>(call, 'run', timeoutMs, abort);
            results[at] = read(await answer.catch((error) => ({ kind: 'error', reason: messageOf(error) })));
          }
        };
        await Promise.all(Array.from({ length: maxThreads }, takeTurns));
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

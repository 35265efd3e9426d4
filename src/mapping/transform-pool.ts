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
  /** Calls it. `timeoutMs` is for the function alone, not for waiting or loading; a thread that exceeds it is ended. */
  run(call: Omit<Call, 'id'>, timeoutMs: number): Promise<Answer>;
  /** Lets the calls under way end, then the threads. */
  drain(): Promise<void>;
}

const loadLimitMs = 10_000;
const memoryLimitMb = 128;
const worker = fileURLToPath(new URL(`./transform-worker${extname(import.meta.url)}`, import.meta.url));

export function createPool(sources: Snapshot): Pool {
  const threads = new Piscina({
    filename: worker,
    workerData: sources,
    minThreads: 1,
    maxThreads: Math.min(4, Math.max(2, availableParallelism())),
    idleTimeout: 30_000,
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
    // A promise that the owner's code forgot must not end the thread under another event's call.
    execArgv: ['--unhandled-rejections=warn', '--disable-warning=ExperimentalWarning'],
  });
  const phases = new Map<number, (phase: Phase['phase']) => void>();
  const underWay = new Set<Promise<unknown>>();
  let lastId = 0;

  // The owner's code may send messages, too.
  threads.on('message', (message: Phase | null) => message && phases.get(message.id)?.(message.phase));
  // A thread that dies between two calls is replaced; without a listener it would end the process.
  threads.on('error', () => {});

  async function limited<T>(task: Omit<Target, 'id'>, name: 'check' | 'run', timeoutMs: number): Promise<T> {
    const id = ++lastId;
    const abort = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let limit = 0;
    phases.set(id, (phase) => {
      clearTimeout(timer);
      limit = phase === 'load' ? loadLimitMs : timeoutMs;
      timer = setTimeout(() => abort.abort(), limit);
    });
    try {
      return await threads.run({ ...task, id }, { name, signal: abort.signal });
    } catch (error) {
      if (abort.signal.aborted) throw new Error(`took longer than ${limit} ms and was stopped`);
      const outOfMemory = (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
      throw new Error(outOfMemory ? `needed more than ${memoryLimitMb} MB of memory` : messageOf(error));
    } finally {
      clearTimeout(timer);
      phases.delete(id);
    }
  }

  function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  return {
    check: (target) => tracked(limited<string | null>(target, 'check', loadLimitMs).catch(messageOf)),
    run: (call, timeoutMs) =>
      tracked(limited<Answer>(call, 'run', timeoutMs).catch((error) => ({ kind: 'error', reason: messageOf(error) }))),
    async drain() {
      // Not Piscina's own close(): it ends threads that are still at work when there are more than two.
      while (underWay.size > 0) await Promise.all(underWay);
      await threads.destroy();
    },
  };
}

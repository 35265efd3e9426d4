import { Worker } from 'node:worker_threads';

export interface Thread<T> {
  /** Tells it to stop, and resolves to what it found. */
  stop(): Promise<T>;
  /** Ends it at once. */
  end(): Promise<unknown>;
}

/** Runs a file of this folder in a thread of its own. A thread that fails makes `stop` reject. */
export function startThread<T>(file: string, data: unknown): Thread<T> {
  const worker = new Worker(new URL(file, import.meta.url), { workerData: data });
  const found = new Promise<T>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error(`${file} ended by itself`)));
  });
  // It is asked for at the end.
  found.catch(() => {});
  return {
    async stop() {
      worker.postMessage('stop');
      const figures = await found;
      await worker.terminate();
      return figures;
    },
    end: () => worker.terminate(),
  };
}

import { messageOf, TransformError } from '../domain/errors.ts';
import type { Context } from '../domain/event.ts';
import type { MappingRule } from '../domain/mapping.ts';
import { type Patch, patchOf } from './patch.ts';
import { createPool, type Pool } from './transform-pool.ts';
import { fingerprint, resolveModule, takeSnapshot } from './transform-source.ts';

export type TransformSpec = NonNullable<MappingRule['transform']>;

/** The owner's functions, kept fresh: a module edited, or a file it imports, counts from the next event on. */
export interface Transforms {
  /**
   * Loads what the given transforms name and gives the problem of each, by position; null where there is none. Where none
   * has one and `use` says so, these are the transforms in use: the ones that have to load for an edit to be taken.
   */
  check(specs: readonly TransformSpec[], use: boolean): Promise<readonly (string | null)[]>;
  /**
   * Calls a transform: null to skip the event, undefined to leave the action as it is. Throws a
   * TransformError where it threw, ran out of time or memory, or returned no patch; InvalidEvent for a bad value in it.
   */
  run(spec: TransformSpec, context: Context, rawBody: Buffer): Promise<Patch | null | undefined>;
  /** Loads edited files now rather than with the next event. */
  refresh(): Promise<void>;
  /** Lets the calls under way end, then the threads. */
  close(): Promise<void>;
}

export interface TransformOptions {
  /** absolute; need not exist as long as no mapping has a transform */
  readonly dir: string;
  /** edited files are in use */
  onReload?(): void;
  /** edited files do not load, so the last good ones stay; once for each edit */
  onRefused?(problems: readonly string[]): void;
}

/** The sources of one moment and the threads that run them. */
interface Generation {
  readonly fingerprint: string;
  readonly pool: Pool;
  /** file URL by `transform.module` */
  readonly urls: Map<string, string>;
}

const defaultTimeoutMs = 5000;

/** Starts no thread before a transform is checked. */
export function createTransforms({ dir, onReload, onRefused }: TransformOptions): Transforms {
  let current: Generation | undefined;
  let inUse: readonly TransformSpec[] = [];
  /** fingerprint of the edit that did not load */
  let refused: string | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();
  let retired: Promise<unknown> = Promise.resolve();

  /** One change of generation at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => {});
    return turn;
  }

  /** A generation of the files as they are takes over if all its modules load; the old one ends after its last call. */
  async function check(
    specs: readonly TransformSpec[],
    use: boolean,
    now: string,
  ): Promise<readonly (string | null)[]> {
    const next = current?.fingerprint === now ? current : createGeneration(dir, now);
    const problems = await Promise.all(specs.map((spec) => problemOf(dir, next, spec)));
    const takesOver = use && problems.every((problem) => problem === null);
    const leaving = takesOver ? current : next;
    if (takesOver) {
      inUse = specs;
      current = next;
    }
    if (leaving && leaving !== current) retired = Promise.all([retired, leaving.pool.drain()]);
    return problems;
  }

  async function reload(): Promise<void> {
    const now = fingerprint(dir);
    if (!current || now === current.fingerprint || now === refused) return;
    const problems = (await check(inUse, true, now)).filter((problem) => problem !== null);
    refused = problems.length > 0 ? now : undefined;
    if (problems.length > 0) onRefused?.([...new Set(problems)]);
    else onReload?.();
  }

  /** The generation for a call that begins now; undefined while there are edits to load. */
  function upToDate(module: string): Generation | undefined {
    if (!current) throw new TransformError(`transform ${module} was not loaded`);
    const now = fingerprint(dir);
    return now === current.fingerprint || now === refused ? current : undefined;
  }

  return {
    check: (specs, use) =>
      inTurn(async () => (specs.length === 0 && !current ? [] : check(specs, use, fingerprint(dir)))),
    refresh: () => inTurn(reload),
    async run({ module, export: exportName = 'default', timeoutMs = defaultTimeoutMs }, context, rawBody) {
      let generation = upToDate(module);
      while (!generation) {
        await inTurn(reload);
        generation = upToDate(module);
      }
      const { headers, query, path } = context;
      const payload = JSON.stringify(context.payload);
      const url = urlOf(dir, generation, module);
      const call = { url, exportName, payload, headers, query, path, rawBody: new Uint8Array(rawBody) };
      const answer = await generation.pool.run(call, timeoutMs);
      if (answer.kind === 'error') throw new TransformError(`transform ${module}: ${answer.reason}`);
      if (answer.kind === 'patch') return patchOf(module, JSON.parse(answer.json), answer.texts);
      return answer.kind === 'skip' ? null : undefined;
    },
    async close() {
      await lastTurn;
      await Promise.all([retired, current?.pool.drain()]);
    },
  };
}

function createGeneration(dir: string, now: string): Generation {
  return { fingerprint: now, pool: createPool(takeSnapshot(dir)), urls: new Map() };
}

/** Found once, so that a module stays what it was when its file moves. Throws TransformError where it may not be used. */
function urlOf(dir: string, { urls }: Generation, module: string): string {
  const url = urls.get(module) ?? resolveModule(dir, module);
  urls.set(module, url);
  return url;
}

async function problemOf(dir: string, generation: Generation, spec: TransformSpec): Promise<string | null> {
  try {
    const url = urlOf(dir, generation, spec.module);
    return await generation.pool.check({ url, exportName: spec.export ?? 'default' });
  } catch (error) {
    return messageOf(error);
  }
}

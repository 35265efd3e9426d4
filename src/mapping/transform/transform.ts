import { isDeepStrictEqual } from 'node:util';
import { messageOf, TransformError } from '../../domain/errors.ts';
import { asStrings } from '../../domain/payload/exact-number.ts';
import type { Env } from '../../schema/env.ts';
import type { Element } from '../fan-out.ts';
import type { MappingRule } from '../settings/mapping-schema.ts';
import { maxPieces, tooManyPieces } from '../template/template.ts';
import { tooLong } from '../template/text-limit.ts';
import type { CallAnswer, TransformCall, TransformLine } from './call.ts';
import { type Patch, patchOf } from './patch.ts';
import { createPool, type Pool } from './pool.ts';
import { fingerprint, resolveModule, takeSnapshot } from './source.ts';

export type TransformSpec = NonNullable<MappingRule['transform']>;

/** The owner's functions, kept fresh: a module edited, or a file it imports, counts from the next event on. */
export interface Transforms {
  /**
   * Loads what the given transforms name and gives the problem of each, by position; null where there is none. Where none
   * has one and `use` says so, these are the transforms in use: the ones that have to load for an edit to be taken. `env` is what
   * they see as process.env.
   */
  check(specs: readonly TransformSpec[], use: boolean, env?: Env): Promise<readonly (string | null)[]>;
  /**
   * Calls a transform for each element of one event: null to skip it, undefined to leave its action as it is. For the first
   * that fails it throws a TransformError where that threw, ran out of time or memory, or returned no patch; an InvalidEvent
   * for a bad value in it, or where what it returned for all of them is too much.
   */
  run(spec: TransformSpec, elements: readonly Element[], occasion: Occasion): Promise<readonly Verdict[]>;
  /** Loads edited files now rather than with the next event. */
  refresh(): Promise<void>;
  /** Lets the calls under way end, for a second at most, then the threads. A request that came before may still call. */
  close(): Promise<void>;
}
type Verdict = Patch | null | undefined;

/** The event that a transform is called for. */
export interface Occasion {
  readonly rawBody: Buffer;
  /** its id and that of its mapping, for the log; undefined where it is not stored */
  readonly eventId: string | undefined;
  readonly mapping: string;
  /** how long what is returned for it may be, in characters */
  readonly maxTextChars: number;
}

export interface TransformOptions {
  /** absolute; need not exist as long as no mapping has a transform */
  readonly dir: string;
  /** how long all elements of one event may take together, in ms; 60,000 unless given */
  readonly batchMs?: number;
  /** edited files are in use */
  onReload?(): void;
  /** edited files do not load, so the last good ones stay; once for each edit */
  onRefused?(problems: readonly string[]): void;
  /** what transforms write to the console, and why they fail */
  onLine?(line: TransformLine): void;
}

/** The sources and the environment of one moment, and the threads that run them. */
interface Generation {
  readonly fingerprint: string;
  readonly env: Env;
  readonly pool: Pool;
  /** file URL by `transform.module` */
  readonly urls: Map<string, string>;
}

const defaultTimeoutMs = 5000;
/** By then a stop has already waited for the answers, so hardly anybody waits for these calls. */
const closeLimitMs = 1000;

/** Starts no thread before a transform is checked. */
export function createTransforms({
  dir,
  batchMs = 60_000,
  onReload,
  onRefused,
  onLine = () => {},
}: TransformOptions): Transforms {
  let current: Generation | undefined;
  let inUse: readonly TransformSpec[] = [];
  /** fingerprint of the edit that did not load */
  let refused: string | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();
  let retired: Promise<unknown> = Promise.resolve();
  const stop = new AbortController();

  /** One change of generation at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => {});
    return turn;
  }

  function createGeneration(now: string, env: Env): Generation {
    const pool = createPool({ sources: takeSnapshot(dir), env, batchMs, stop: stop.signal, onLine });
    return { fingerprint: now, env, pool, urls: new Map() };
  }

  /** A generation of the files as they are takes over if all its modules load; the old one ends after its last call. */
  async function check(specs: readonly TransformSpec[], use: boolean, env: Env): Promise<readonly (string | null)[]> {
    const now = fingerprint(dir);
    const isSame = current?.fingerprint === now && isDeepStrictEqual(current.env, env);
    const next = current && isSame ? current : createGeneration(now, env);
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
    const problems = (await check(inUse, true, current.env)).filter((problem) => problem !== null);
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
    check: (specs, use, env = process.env) =>
      inTurn(async () => (specs.length === 0 && !current ? [] : check(specs, use, env))),
    refresh: () => inTurn(reload),
    async run({ module, export: exportName = 'default', timeoutMs = defaultTimeoutMs }, elements, occasion) {
      const about = { transform: module, ...aboutOf(elements, occasion) };
      try {
        let generation = upToDate(module);
        while (!generation) {
          await inTurn(reload);
          generation = upToDate(module);
        }
        const target = { url: urlOf(dir, generation, module), exportName, about };
        const work = {
          calls: callsOf(target, elements, occasion),
          count: elements.length,
          bytes: occasion.rawBody.length,
        };
        return await generation.pool.run({ ...work, timeoutMs }, readAnswers(module, occasion.maxTextChars));
      } catch (error) {
        if (error instanceof TransformError) onLine({ level: 'warn', text: `failed: ${error.logged}`, about });
        throw error;
      }
    },
    async close() {
      const reason = new Error('was ended by a stop of the gateway, or by another transformsDir');
      const late = setTimeout(() => stop.abort(reason), closeLimitMs);
      await lastTurn;
      await Promise.all([retired, current?.pool.drain()]);
      clearTimeout(late);
    },
  };
}

function aboutOf([first]: readonly Element[], { eventId, mapping }: Occasion) {
  return { eventId, hook: first?.context.path, mapping };
}

/** What the answers of one event say, one after the other. All that is returned for it together may be as much as its texts. */
function readAnswers(module: string, maxTextChars: number): (answer: CallAnswer) => Verdict {
  let chars = 0;
  return (answer) => {
    switch (answer?.kind) {
      case 'skip':
        return null;
      case 'unchanged':
        return undefined;
      case 'large':
        throw answer.of === 'chars' ? tooLong(maxTextChars) : tooManyPieces();
      case 'patch':
        chars += answer.chars;
        if (chars > maxTextChars) throw tooLong(maxTextChars);
        return patchOf(module, Object.fromEntries(answer.fields), Object.fromEntries(answer.texts));
      case 'error':
        throw new TransformError(`transform ${module}: ${answer.reason}`, `transform ${module}: ${answer.logged}`);
      default:
        throw new TransformError(`transform ${module}: its thread gave no answer`);
    }
  };
}

/** The calls of one event. What all of them share is copied once, since a batch may be of 200 elements and many megabytes. */
function* callsOf(
  target: Pick<TransformCall, 'url' | 'exportName' | 'about'>,
  elements: readonly Element[],
  { rawBody: body, maxTextChars }: Occasion,
): Generator<Omit<TransformCall, 'id'>> {
  const limits = { chars: maxTextChars, pieces: maxPieces };
  const rawBody = new SharedArrayBuffer(body.length);
  body.copy(new Uint8Array(rawBody));
  let shared: string | undefined;
  for (const { context, each } of elements) {
    const { headers, query, path } = context;
    const payload = context.payload as Record<string, unknown>;
    shared ??= JSON.stringify(asStrings(each ? { ...payload, [each.key]: undefined } : payload));
    const element = each && JSON.stringify(asStrings({ [each.key]: payload[each.key] }));
    yield { ...target, payload: shared, element, headers, query, path, rawBody, limits };
  }
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
    return await generation.pool.check({
      url,
      exportName: spec.export ?? 'default',
      about: { transform: spec.module },
    });
  } catch (error) {
    return messageOf(error);
  }
}

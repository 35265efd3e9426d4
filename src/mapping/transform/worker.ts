import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { createPromptTag } from '../template/prompt-tag.ts';
import { withoutValues } from '../template/without-values.ts';
import type { CallAnswer, ThreadNotice, TransformCall, TransformTarget } from './call.ts';
import { captureOutput, type Scope } from './console.ts';
import type { Transform } from './define-transform.ts';
import { failureOf, type ThrownFailure } from './failure.ts';
import { answerOf } from './result.ts';
import { formats, type Snapshot } from './source.ts';

/**
 * What runs in the threads that `transform-pool` keeps: it loads the owner's modules and calls their functions. What it uses on
 * the way of every call it takes before any module is loaded, since a module may patch the globals of its thread.
 */
export interface ThreadData {
  readonly sources: Snapshot;
  /** most bytes outside the heap, Buffers above all */
  readonly maxOutsideBytes: number;
}

const { parse } = JSON;
const { sources, maxOutsideBytes }: ThreadData = workerData;
const gimli = new URL(`./define-transform${extname(import.meta.url)}`, import.meta.url).href;
/** by URL and export; found once, and without a prototype, so that finding one again uses nothing that can be patched */
const functions: Record<string, Transform> = Object.create(null);
const bytesOf = Buffer.from;
const isPlace = /^(\.{0,2}\/|file:)/;
let lastSource = '';

registerHooks({
  resolve(specifier, context, next) {
    // 'gimli' means this gateway wherever the module lies; the whole of it is not for a thread to load.
    if (specifier === 'gimli') return { url: gimli, shortCircuit: true };
    // A package may have the name of a file that lies here.
    const url = isPlace.test(specifier) ? URL.parse(specifier, context.parentURL)?.href : undefined;
    if (url === undefined || !sources.has(url)) return next(specifier, context);
    return { url, format: formats[extname(url)] ?? null, shortCircuit: true };
  },
  load(url, context, next) {
    const source = sources.get(url);
    if (source === undefined) return next(url, context);
    lastSource = url;
    return { format: formats[extname(url)] ?? null, source, shortCircuit: true };
  },
});

const output = captureOutput((error) => describe(error));

/** What is wrong with a module or its export; null where it can be called. */
export async function checkTarget(target: TransformTarget): Promise<string | null> {
  return output.during(target.about, async () => {
    try {
      await find(target);
      return null;
    } catch (error) {
      return describe(error);
    }
  });
}

/** Calls the owner's function on a context of its own. */
export async function run(call: TransformCall): Promise<CallAnswer> {
  return output.during(call.about, async (scope) => {
    const hide = (text: string) => withoutValues(text, [payloadOf(call), call.headers, call.query]);
    scope.hide = hide;
    try {
      const answer = await answerTo(call, await find(call), scope);
      if (getHeapStatistics().external_memory <= maxOutsideBytes) return answer;
      announce(call.id, 'full');
      return await new Promise<never>(() => {});
    } catch (error) {
      const { message, rest } = failureIn(error);
      return { kind: 'error', reason: message + rest, logged: hide(message) + rest };
    } finally {
      scope.fail = undefined;
    }
  });
}

/** Settles with the function, or with an error that is thrown behind its back, since it may wait for ever then. */
async function answerTo(call: TransformCall, transform: Transform, scope: Scope): Promise<CallAnswer> {
  const { headers, query, path } = call;
  const { tag, textOf } = createPromptTag();
  announce(call.id, 'call');
  const rawBody = bytesOf(new Uint8Array(call.rawBody));
  const context = { payload: payloadOf(call), headers, query, path, rawBody, prompt: tag };
  return new Promise((resolve, reject) => {
    scope.fail = reject;
    const answer = async () => answerOf(await transform(context), textOf, call.limits);
    void (async () => {
      try {
        resolve(await answer());
      } catch (error) {
        reject(error);
      }
    })();
  });
}

function payloadOf({ payload, element }: TransformCall): unknown {
  const shared = parse(payload);
  return element === undefined ? shared : { ...shared, ...parse(element) };
}

function announce(id: number, phase: ThreadNotice['phase']): void {
  parentPort?.postMessage({ id, threadId, phase } satisfies ThreadNotice);
}

/** Message, place and advice: `Expected ident (/home/me/transforms/a.ts:2)`. */
function describe(error: unknown): string {
  const { message, rest } = failureIn(error);
  return message + rest;
}

function failureIn(error: unknown): ThrownFailure {
  try {
    return failureOf(error, sources, lastSource);
  } catch {
    return { message: 'threw something that cannot be read', rest: '' };
  }
}

async function find({ id, url, exportName }: TransformTarget): Promise<Transform> {
  const key = `${url}#${exportName}`;
  const known = functions[key];
  if (known) return known;
  announce(id, 'load');
  const module = (await import(url)) as Record<string, unknown>;
  const found = Object.hasOwn(module, exportName) ? module[exportName] : undefined;
  const isClass = typeof found === 'function' && /^class\b/.test(Function.prototype.toString.call(found));
  if (typeof found !== 'function' || isClass) {
    throw new Error(`${fileURLToPath(url)} ${misfit(module, exportName, isClass ? 'a class' : typeOf(found))}`);
  }
  functions[key] = found as Transform;
  return found as Transform;
}

function typeOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return value === null ? 'null' : undefined;
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

function misfit(module: Record<string, unknown>, exportName: string, type: string | undefined): string {
  if (type !== undefined) return `exports "${exportName}" as ${type}; wanted a function`;
  const names = Object.keys(module);
  const first = names.find((name) => typeof module[name] === 'function');
  const other = first === undefined ? '' : `, or transform.export: "${first}" in the mapping`;
  const wanted = exportName === 'default' ? `wanted export default and a function${other}` : 'wanted a function';
  return `has no export "${exportName}" (it exports ${names.join(', ') || 'nothing'}); ${wanted}`;
}

import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../domain/errors.ts';
import type { Text } from '../domain/text.ts';
import type { Transform } from './define-transform.ts';
import { createPromptTag, type PromptTag } from './prompt-tag.ts';
import { formats, type Snapshot } from './transform-source.ts';

/**
 * What runs in the threads that `transform-pool` keeps: it loads the owner's modules and calls their functions. Answers
 * and errors leave as plain data, so that nothing the owner returns can fail to cross.
 */
export interface Target {
  /** a number that comes back with the phases of this call */
  readonly id: number;
  readonly url: string;
  readonly exportName: string;
}

export interface Call extends Target {
  /** JSON; without the array of a batch, which is the same for all its elements */
  readonly payload: string;
  /** JSON of what to add to it for the element at hand; undefined where the event is no batch */
  readonly element: string | undefined;
  readonly headers: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly path: string;
  /** shared by all calls of an event */
  readonly rawBody: SharedArrayBuffer;
}

/** Sent when a phase begins: each has a time limit of its own, and waiting for a thread has none. */
export interface Phase {
  readonly id: number;
  readonly phase: 'load' | 'call';
}

export type Answer =
  | { readonly kind: 'unchanged' | 'skip' }
  /** `json` is what was returned; texts made by ctx.prompt stand beside it, by field */
  | { readonly kind: 'patch'; readonly json: string; readonly texts: Readonly<Record<string, Text>> }
  | { readonly kind: 'error'; readonly reason: string };

const sources: Snapshot = workerData;
const gimli = new URL(`./define-transform${extname(import.meta.url)}`, import.meta.url).href;
const loaded = new Map<string, Record<string, unknown>>();
let lastSource = '';

registerHooks({
  resolve(specifier, context, next) {
    // 'gimli' means this gateway wherever the module lies; the whole of it is not for a thread to load.
    if (specifier === 'gimli') return { url: gimli, shortCircuit: true };
    const url = URL.parse(specifier, context.parentURL)?.href;
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

/** What is wrong with a module or its export; null where it can be called. */
export async function check(target: Target): Promise<string | null> {
  try {
    await find(target);
    return null;
  } catch (error) {
    return describe(error);
  }
}

/** Calls the owner's function on a context of its own. */
export async function run(call: Call): Promise<Answer> {
  const { tag, textOf } = createPromptTag();
  try {
    const transform = await find(call);
    const { headers, query, path } = call;
    announce(call.id, 'call');
    const rawBody = Buffer.from(new Uint8Array(call.rawBody));
    const result = await transform({ payload: payloadOf(call), headers, query, path, rawBody, prompt: tag });
    return answerOf(result, textOf);
  } catch (error) {
    return { kind: 'error', reason: describe(error) };
  }
}

function payloadOf({ payload, element }: Call): unknown {
  const shared = JSON.parse(payload);
  return element === undefined ? shared : { ...shared, ...JSON.parse(element) };
}

function announce(id: number, phase: Phase['phase']): void {
  parentPort?.postMessage({ id, phase } satisfies Phase);
}

async function find({ id, url, exportName }: Target): Promise<Transform> {
  let module = loaded.get(url);
  if (!module) {
    announce(id, 'load');
    module = (await import(url)) as Record<string, unknown>;
    loaded.set(url, module);
  }
  const found = Object.hasOwn(module, exportName) ? module[exportName] : undefined;
  if (typeof found === 'function') return found as Transform;
  const type = found === null ? 'null' : Array.isArray(found) ? 'an array' : `a value of type ${typeof found}`;
  const has = Object.keys(module).join(', ') || 'nothing';
  const what =
    found === undefined ? `has no export "${exportName}" (it exports ${has})` : `exports "${exportName}" as ${type}`;
  throw new Error(`${fileURLToPath(url)} ${what}; wanted a function`);
}

function answerOf(result: unknown, textOf: PromptTag['textOf']): Answer {
  if (result === undefined) return { kind: 'unchanged' };
  if (result === null) return { kind: 'skip' };
  if (typeof result !== 'object' || Array.isArray(result) || textOf(result)) {
    const type = Array.isArray(result) ? 'an array' : typeof result === 'object' ? 'a prompt' : `a ${typeof result}`;
    throw new Error(`it returned ${type}; wanted an object with the fields to change, null or undefined`);
  }
  const texts = Object.entries(result).flatMap(([field, value]) => {
    const text = textOf(value);
    return text ? [[field, text] as const] : [];
  });
  const rest = Object.entries(result).filter(([, value]) => !textOf(value));
  return { kind: 'patch', json: JSON.stringify(Object.fromEntries(rest)), texts: Object.fromEntries(texts) };
}

/** Message and place, so that the owner finds the line: `Expected ident (/home/me/transforms/a.ts:2)`. */
function describe(error: unknown): string {
  const place =
    placeOf(error instanceof Error ? (error.stack ?? '') : '') ?? (error instanceof SyntaxError ? syntaxPlace() : null);
  return place ? `${messageOf(error)} (${place})` : messageOf(error);
}

function placeOf(stack: string): string | null {
  for (const [, url = '', line] of stack.matchAll(/(file:\/\/[^\s()]+?):(\d+)/g)) {
    if (sources.has(url)) return `${fileURLToPath(url)}:${line}`;
  }
  return null;
}

/** V8 keeps the place of a syntax error in plain JavaScript to itself; the TypeScript parser tells. */
function syntaxPlace(): string | null {
  try {
    stripTypeScriptTypes(sources.get(lastSource) ?? '', { sourceUrl: lastSource });
  } catch (error) {
    return placeOf((error as Error).stack ?? '');
  }
  return lastSource && fileURLToPath(lastSource);
}

import type { Text } from '../../domain/text/text.ts';

/** What a log line says of where it comes from; without the event where a module was loaded to see whether it does. */
export interface About {
  /** `transform.module` */
  readonly transform: string;
  readonly eventId?: string | undefined;
  readonly hook?: string | undefined;
  /** the mapping's id */
  readonly mapping?: string | undefined;
}

/** What is asked of a thread: to load a module and find its function. */
export interface TransformTarget {
  /** a number that comes back with the notices of this call */
  readonly id: number;
  readonly url: string;
  readonly exportName: string;
  readonly about: About;
}

export interface TransformCall extends TransformTarget {
  /** JSON; without the array of a batch, which is the same for all its elements */
  readonly payload: string;
  /** JSON of what to add to it for the element at hand; undefined where the event is no batch */
  readonly element: string | undefined;
  readonly headers: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly path: string;
  /** shared by all calls of an event */
  readonly rawBody: SharedArrayBuffer;
  /** what it may return */
  readonly limits: ResultLimits;
}

export interface ResultLimits {
  /** characters of all its texts together */
  readonly chars: number;
  /** pieces of all its prompts together */
  readonly pieces: number;
}

/**
 * Sent by a thread that is at work. `load` and `call` begin a phase: each has a time limit of its own, and waiting for a thread
 * has another. `full`: it holds too much memory outside its heap and wants to be ended.
 */
export interface ThreadNotice {
  readonly id: number;
  readonly threadId: number;
  readonly phase: 'load' | 'call' | 'full';
}

export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/** What a transform wrote to the console or to a stream of the process, or did behind the back of its call. */
export interface TransformLine {
  readonly level: Level;
  readonly text: string;
  readonly about: About;
}

/** What a field may hold when it leaves its thread: a list or an object stands for one that is not of use. */
export type ResultValue = string | number | boolean | null | readonly null[] | Readonly<Record<never, never>>;

/** Plain data of a bounded size, so that nothing that the owner returns or throws can fail to cross, or fill the gateway. */
export type CallAnswer =
  | { readonly kind: 'unchanged' | 'skip' }
  /** `texts` are those made by ctx.prompt, by field; `chars` is how long all of it is */
  | {
      readonly kind: 'patch';
      readonly fields: readonly ResultField[];
      readonly texts: readonly ResultText[];
      readonly chars: number;
    }
  /** it returned more than its limits allow */
  | { readonly kind: 'large'; readonly of: keyof ResultLimits }
  /** `logged` is the reason without what it repeats of the event */
  | { readonly kind: 'error'; readonly reason: string; readonly logged: string };
export type ResultField = readonly [name: string, value: ResultValue];
export type ResultText = readonly [name: string, text: Text];

import type { AgentPayload } from '../settings/action-schema.ts';

/** Made by `ctx.prompt` and by nothing else. */
export interface OwnerPrompt {
  readonly prompt: unique symbol;
}

/** What a transform is given. Changing any of it changes nothing outside. */
export interface TransformContext<Payload = unknown> {
  /** the parsed body; with `forEach` its array holds only the element at hand */
  readonly payload: Payload;
  /** names in lower case, without authorization, cookie and token headers */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** the hook's name */
  readonly path: string;
  /** the body as it came */
  readonly rawBody: Buffer;
  /**
   * Marks the literal text as yours: ``ctx.prompt`Review ${title}` ``. What stands in `${…}` stays outside data, and so
   * does every plain string. Prompts, and lists of prompts, may stand in prompts.
   */
  prompt(words: TemplateStringsArray, ...values: readonly unknown[]): OwnerPrompt;
}

/** What a transform changes in the action of its mapping. */
interface TransformPatch extends Partial<Omit<AgentPayload, 'message'>> {
  /** turns an agent action into a wake and back */
  action?: 'wake' | 'agent';
  /** for an agent; a plain string is outside data */
  message?: string | OwnerPrompt;
  /** for a wake; a plain string is outside data */
  text?: string | OwnerPrompt;
}

/** Null skips the event, undefined leaves the action as it is. */
type TransformResult = TransformPatch | null | undefined;

export type Transform<Payload = unknown> = (
  ctx: TransformContext<Payload>,
) => TransformResult | Promise<TransformResult>;

/** Gives a transform its types; at run time it is its argument. */
export function defineTransform<Payload = unknown>(transform: Transform<Payload>): Transform<Payload> {
  return transform;
}

import type { Action, AgentAction, WakeAction } from '../domain/action.ts';
import { InvalidEvent, messageOf } from '../domain/errors.ts';
import { type Context, resolveIn } from '../domain/event.ts';
import type { MappingRule } from '../domain/mapping.ts';
import { oneLine } from '../domain/run.ts';
import { hasOwnWords, type Resolve, referenceValue, shownBy, type Text } from '../domain/text.ts';
import type { Element } from './fan-out.ts';
import type { Patch } from './patch.ts';
import { render } from './render.ts';
import { checkSessionKey, freshSessionKey, renderSessionKey } from './session-key.ts';
import type { Template } from './template.ts';

/** From what people write to provider/model. Throws an Error for a model that is unknown or not allowed. */
export type ResolveModel = (name: string) => string;

/** A rule with its templates compiled and its model resolved. */
export interface CompiledRule {
  readonly rule: MappingRule;
  readonly message: Template | undefined;
  readonly text: Template | undefined;
  readonly name: Template;
  readonly sessionKey: Template | undefined;
  readonly to: Template | undefined;
  readonly dedupeKey: Template | undefined;
  readonly coalesceKey: Template | undefined;
  readonly model: string | undefined;
  readonly resolveModel: ResolveModel;
}

/** The action of one element: what the rule says, over which the patch of a transform goes. Throws InvalidEvent. */
export function makeAction(compiled: CompiledRule, element: Element, patch: Patch): Action {
  const kind = patch.action ?? compiled.rule.action ?? 'agent';
  const action = kind === 'wake' ? makeWake(compiled, element, patch) : makeAgent(compiled, element, patch);
  const dedupeKey = renderKey(compiled.dedupeKey, element.context);
  return dedupeKey === undefined ? action : { ...action, dedupeKey };
}

/** A key with a part that renders empty tells nothing apart: such an element is acted on, and by itself. */
function renderKey(template: Template | undefined, context: Context): string | undefined {
  if (!template) return undefined;
  let empty = false;
  const key = render(template(context), resolveIn(context), (value) => {
    empty ||= value.trim() === '';
    return value;
  });
  return empty ? undefined : key;
}

function makeWake({ rule, text: template }: CompiledRule, { context, each }: Element, patch: Patch): WakeAction {
  const text = patch.text ?? template?.(context) ?? [];
  if (isBlank(text, resolveIn(context))) throw new InvalidEvent('hook mapping requires text');
  return { kind: 'wake', text, wakeMode: patch.wakeMode ?? rule.wakeMode ?? 'now', ...(each && { each }) };
}

function makeAgent(compiled: CompiledRule, { context, each }: Element, patch: Patch): AgentAction {
  const { rule } = compiled;
  const resolve = resolveIn(context);
  const message = patch.message ?? compiled.message?.(context) ?? [];
  if (isBlank(message, resolve)) throw new InvalidEvent('hook mapping requires message');
  const wanted = patch.sessionKey ?? (compiled.sessionKey && renderSessionKey(compiled.sessionKey(context), resolve));
  const sessionKey = checkSessionKey(wanted ?? freshSessionKey());
  const coalesceKey = renderKey(compiled.coalesceKey, context);
  const to = patch.to ?? (compiled.to && render(compiled.to(context), resolve));
  const model = patch.model === undefined ? compiled.model : modelOf(compiled.resolveModel, patch.model);
  const thinking = patch.thinking ?? rule.thinking;
  const timeoutSeconds = patch.timeoutSeconds ?? rule.timeoutSeconds;
  return {
    kind: 'agent',
    message,
    name: nameOf(patch.name ?? render(compiled.name(context), resolve), context.path),
    sessionKey,
    wakeMode: patch.wakeMode ?? rule.wakeMode ?? 'now',
    deliver: patch.deliver ?? rule.deliver ?? true,
    channel: patch.channel ?? rule.channel ?? 'last',
    ...(to !== undefined && { to: recipient(to) }),
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(each && { each }),
    ...(coalesceKey !== undefined && {
      coalesce: { key: coalesceKey, sessionKey: wanted === undefined ? null : sessionKey },
    }),
  };
}

/** The name of a run in one line: that of its hook where nothing else is left. Both may be a sender's work. */
export function nameOf(name: string, hook: string): string {
  return oneLine(name, 200) || oneLine(hook, 200) || 'hook';
}

/** A recipient of which nothing is left is refused: sending to somebody else instead would be worse than not sending. */
export function recipient(text: string): string {
  const to = oneLine(text, Infinity);
  if (to === '') throw new InvalidEvent('to is blank');
  return to;
}

/** The model that an event asks for. Throws InvalidEvent. */
export function modelOf(resolveModel: ResolveModel, name: string): string {
  try {
    return resolveModel(name);
  } catch (error) {
    throw new InvalidEvent(`model: ${messageOf(error)}`);
  }
}

function isBlank(text: Text, resolve: Resolve): boolean {
  if (hasOwnWords(text)) return false;
  const shown = shownBy(resolve);
  // Each value once: a text may name a large one often.
  const values = new Set(text.map((part) => (typeof part === 'string' ? part : referenceValue(part, shown))));
  return [...values].every((value) => value.trim() === '');
}

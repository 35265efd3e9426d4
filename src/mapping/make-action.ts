import type { Action, AgentAction, WakeAction } from '../domain/action.ts';
import { InvalidEvent, messageOf } from '../domain/errors.ts';
import { type Context, resolveIn } from '../domain/event.ts';
import type { MappingRule } from '../domain/mapping.ts';
import { oneLine } from '../domain/run.ts';
import { plain, type Resolve, referenceValue, type Text } from '../domain/text.ts';
import type { Element } from './fan-out.ts';
import type { Patch } from './patch.ts';
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
  const text = template(context);
  const resolve = resolveIn(context);
  const parts = text.map((part) => (typeof part === 'string' ? part : referenceValue(part, resolve)));
  const empty = text.some((part, at) => typeof part !== 'string' && parts[at]?.trim() === '');
  return empty ? undefined : parts.join('');
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
  const to = patch.to ?? recipient(compiled.to?.(context), resolve);
  const model = patch.model === undefined ? compiled.model : modelOf(compiled.resolveModel, patch.model);
  const thinking = patch.thinking ?? rule.thinking;
  const timeoutSeconds = patch.timeoutSeconds ?? rule.timeoutSeconds;
  return {
    kind: 'agent',
    message,
    name: oneLine(patch.name ?? plain(compiled.name(context), resolve), 200) || context.path,
    sessionKey,
    wakeMode: patch.wakeMode ?? rule.wakeMode ?? 'now',
    deliver: patch.deliver ?? rule.deliver ?? true,
    channel: patch.channel ?? rule.channel ?? 'last',
    ...(to !== undefined && { to }),
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(each && { each }),
    ...(coalesceKey !== undefined && {
      coalesce: { key: coalesceKey, sessionKey: wanted === undefined ? null : sessionKey },
    }),
  };
}

/** A recipient that renders empty is refused: sending to somebody else instead would be worse than not sending. */
function recipient(text: Text | undefined, resolve: Resolve): string | undefined {
  if (!text) return undefined;
  const to = oneLine(plain(text, resolve), Infinity);
  if (to === '') throw new InvalidEvent('to renders empty');
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
  return text.every((part) => (typeof part === 'string' ? part : referenceValue(part, resolve)).trim() === '');
}

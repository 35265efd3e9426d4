import type { Action, AgentAction, WakeAction, WorkflowAction } from '../domain/action.ts';
import { InvalidEvent, messageOf } from '../domain/errors.ts';
import { resolveIn } from '../domain/event.ts';
import { oneLine } from '../domain/run.ts';
import { isBlank } from '../domain/text/text.ts';
import type { Element } from './fan-out.ts';
import { keyOf, renderSessionKey } from './keys.ts';
import { checkSessionKey, freshSessionKey } from './session-key.ts';
import type { MappingRule } from './settings/mapping-schema.ts';
import { render } from './template/render.ts';
import type { Template } from './template/template.ts';
import { capTimeout } from './timeout-cap.ts';
import type { Patch } from './transform/patch.ts';
import { type CompiledWorkflow, stepDefaults, stepsFor } from './workflow.ts';

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
  readonly workflow: CompiledWorkflow | undefined;
  readonly resolveModel: ResolveModel;
  /** what a transform may ask for */
  readonly maxTimeoutSeconds: number;
}

/** The action of one element: what the rule says, over which the patch of a transform goes. Throws InvalidEvent. */
export function makeAction(compiled: CompiledRule, element: Element, patch: Patch): Action {
  const kind = patch.action ?? compiled.rule.action ?? 'agent';
  const make = { wake: makeWake, agent: makeAgent, workflow: makeWorkflow }[kind];
  const action = make(compiled, element, patch);
  const dedupeKey = compiled.dedupeKey && keyOf(compiled.dedupeKey(element.context), element.context);
  return dedupeKey === undefined ? action : { ...action, dedupeKey };
}

/** Why an action has nothing to say; where a transform was to say it, what that returned. */
function nothingToSay(field: 'message' | 'text', { rule: { transform } }: CompiledRule, patch: Patch): InvalidEvent {
  const required = `hook mapping requires ${field}`;
  if (!transform) return new InvalidEvent(required);
  const [other, action] = field === 'message' ? (['text', 'wake'] as const) : (['message', 'agent'] as const);
  const module = `${required}: the transform ${transform.module} returned`;
  if (patch[field]) return new InvalidEvent(`${module} a blank one; return null to skip the event`);
  if (patch[other]) {
    return new InvalidEvent(`${module} a ${other}; return it as ${field}, or return action: '${action}' with it`);
  }
  const what = Object.keys(patch).length === 0 ? 'nothing' : `no ${field}`;
  return new InvalidEvent(
    `${module} ${what}, and what the mapping says is blank; return { ${field}: … }, or null to skip the event`,
  );
}

function makeWake(compiled: CompiledRule, { context, each }: Element, patch: Patch): WakeAction {
  const { rule, text: template } = compiled;
  const text = patch.text ?? template?.(context) ?? [];
  if (isBlank(text, resolveIn(context))) throw nothingToSay('text', compiled, patch);
  return { kind: 'wake', text, wakeMode: patch.wakeMode ?? rule.wakeMode ?? 'now', ...(each && { each }) };
}

function makeAgent(compiled: CompiledRule, { context, each }: Element, patch: Patch): AgentAction {
  const { rule } = compiled;
  const resolve = resolveIn(context);
  const message = patch.message ?? compiled.message?.(context) ?? [];
  if (isBlank(message, resolve)) throw nothingToSay('message', compiled, patch);
  const wanted = patch.sessionKey ?? (compiled.sessionKey && renderSessionKey(compiled.sessionKey(context), context));
  const sessionKey = checkSessionKey(wanted ?? freshSessionKey());
  const coalesceKey = compiled.coalesceKey && keyOf(compiled.coalesceKey(context), context);
  const to = patch.to ?? (compiled.to && render(compiled.to(context), resolve));
  const model = patch.model === undefined ? compiled.model : modelOf(compiled.resolveModel, patch.model);
  const thinking = patch.thinking ?? rule.thinking;
  const asked = capTimeout(patch.timeoutSeconds, compiled.maxTimeoutSeconds);
  const { timeoutSeconds = rule.timeoutSeconds, warnings } = asked;
  return {
    kind: 'agent',
    message,
    name: runName(patch.name ?? render(compiled.name(context), resolve), context.path),
    sessionKey,
    wakeMode: patch.wakeMode ?? rule.wakeMode ?? 'now',
    deliver: (patch.deliver ?? rule.deliver ?? true) !== false,
    channel: patch.channel ?? rule.channel ?? 'last',
    ...(to !== undefined && { to: recipient(to) }),
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(warnings && { warnings }),
    ...(each && { each }),
    ...(coalesceKey !== undefined && {
      coalesce: { key: coalesceKey, sessionKey: wanted === undefined ? null : sessionKey },
    }),
  };
}

/** What the mapping and its transform do not say is as `workflows` has it. */
function makeWorkflow(compiled: CompiledRule, { context, each }: Element, patch: Patch): WorkflowAction {
  const { rule, workflow } = compiled;
  // The patch of a transform cannot make a workflow, so there is one.
  if (!workflow) throw new Error('a mapping of action workflow has none');
  const [said, action] = patch.message ? ['message', 'agent'] : patch.text ? ['text', 'wake'] : [];
  if (said !== undefined) {
    const reason = `the transform returned a ${said}, but a workflow has messages in its steps`;
    throw new InvalidEvent(`${reason}; return action: '${action}' with it to have no workflow`);
  }
  const resolve = resolveIn(context);
  const { name: usualName = workflow.id, ...usual } = workflow.rule;
  const wanted = patch.sessionKey ?? (compiled.sessionKey && renderSessionKey(compiled.sessionKey(context), context));
  const to = patch.to ?? (compiled.to ? render(compiled.to(context), resolve) : usual.to);
  const asked = patch.model === undefined ? compiled.model : modelOf(compiled.resolveModel, patch.model);
  const model = asked ?? workflow.model;
  const thinking = patch.thinking ?? rule.thinking ?? usual.thinking;
  const capped = capTimeout(patch.timeoutSeconds, compiled.maxTimeoutSeconds);
  const { timeoutSeconds = rule.timeoutSeconds ?? usual.timeoutSeconds, warnings } = capped;
  const defaults = stepDefaults({ model, thinking, timeoutSeconds, warnings });
  const name = patch.name ?? (rule.name === undefined ? usualName : render(compiled.name(context), resolve));
  return {
    kind: 'workflow',
    workflowId: workflow.id,
    name: runName(name, context.path),
    steps: stepsFor(workflow, defaults, context),
    outside: false,
    ...(wanted !== undefined && { sessionKey: checkSessionKey(wanted) }),
    wakeMode: patch.wakeMode ?? rule.wakeMode ?? usual.wakeMode ?? 'now',
    continueOnError: rule.continueOnError ?? usual.continueOnError ?? false,
    deliver: patch.deliver ?? rule.deliver ?? usual.deliver ?? false,
    channel: patch.channel ?? rule.channel ?? usual.channel ?? 'last',
    ...(to !== undefined && { to: recipient(to) }),
    ...(each && { each }),
  };
}

/** The name of a run in one line: that of its hook where nothing else is left. Both may be a sender's work. */
export function runName(name: string, hook: string): string {
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

import { otherNames } from '../../channels/catalog.ts';
import type { Action, AgentAction, WakeAction } from '../../domain/action.ts';
import { InvalidEvent } from '../../domain/errors.ts';
import type { Context } from '../../domain/event.ts';
import { type Policy, usualPolicy } from '../../domain/mapping.ts';
import { asNumbers } from '../../domain/payload/exact-number.ts';
import { type Check, compileSchema } from '../../schema/ajv.ts';
import { invalidEvent } from '../invalid-event.ts';
import { modelOf, type ResolveModel, recipient, runName } from '../make-action.ts';
import type { Mapping, MappingDeps } from '../mapping.ts';
import { checkSessionKey, freshSessionKey } from '../session-key.ts';
import { agentPayloadSchema, wakePayloadSchema, workflowPayloadSchema } from '../settings/action-schema.ts';
import type { HooksSettings } from '../settings/settings.ts';
import { countTexts } from '../template/text-limit.ts';
import { capTimeout } from '../timeout-cap.ts';
import { modelsOfSteps } from '../workflow.ts';
import { ignoredFields } from './ignored-fields.ts';
import { workflowAction } from './workflow-request.ts';

const checkWake = compileSchema(wakePayloadSchema);
const checkAgent = compileSchema(agentPayloadSchema);

interface BuiltinDeps extends Pick<MappingDeps, 'resolveModel' | 'usualTools' | 'workflows' | 'maxTimeoutSeconds'> {
  readonly hooks: HooksSettings;
}

/** The mappings whose payload already is the action. All of it comes from outside, but for workflows of the config. */
export function builtinMappings({
  hooks,
  resolveModel,
  usualTools,
  workflows,
  maxTimeoutSeconds,
}: BuiltinDeps): Mapping[] {
  const checkPrefix = compilePrefixes(hooks.allowedSessionKeyPrefixes ?? []);
  const checkKey = (sessionKey: string) => checkPrefix(checkSessionKey(sessionKey));
  const policy = { ...usualPolicy, tools: usualTools };
  const counted =
    (act: (context: Context) => Action): typeof act =>
    (context) => {
      const action = act(context);
      countTexts(hooks.maxTextChars)(action, context);
      return action;
    };
  return [
    builtin(
      'wake',
      policy,
      counted(({ payload }) => wakeAction(payload)),
      (payload) => ignoredFields(payload, keysOf(wakePayloadSchema)),
    ),
    builtin(
      'agent',
      policy,
      counted(({ payload, path }) => agentAction(payload, { name: path, checkKey, resolveModel, maxTimeoutSeconds })),
      (payload) => ignoredFields(payload, keysOf(agentPayloadSchema)),
    ),
    {
      ...builtin(
        'workflow',
        policy,
        counted((context) => {
          const request = withChannelName(asNumbers(context.payload));
          return workflowAction(request, context, {
            workflows,
            resolveModel,
            maxTimeoutSeconds,
            checkSessionKey: checkKey,
          });
        }),
        (payload) =>
          ignoredFields(payload, keysOf(workflowPayloadSchema), keysOf(workflowPayloadSchema.properties.steps.items)),
      ),
      models: [...workflows.values()].flatMap((workflow) => (workflow ? modelsOfSteps(workflow) : [])),
    },
  ];
}

const keysOf = ({ properties }: { readonly properties: object }) => Object.keys(properties);

function builtin(
  path: string,
  policy: Policy,
  act: (context: Context) => Action,
  ignoredIn: NonNullable<Mapping['ignoredIn']>,
): Mapping {
  return {
    id: `builtin:${path}`,
    origin: 'builtin',
    endpoint: 'hooks',
    path,
    when: '',
    does: path,
    maxBodyBytes: undefined,
    policy,
    limits: {},
    models: [],
    verify: undefined,
    growth: 1,
    match: () => null,
    held: () => 0,
    ignoredIn,
    check: () => [],
    act: (context) => [act(context)],
  };
}

function wakeAction(payload: unknown): WakeAction {
  const { text, mode } = checked(checkWake, payload, 'text');
  const trimmed = text.trim();
  const reference = trimmed === text ? { path: 'text' } : { path: 'text', value: trimmed };
  return { kind: 'wake', text: [reference], wakeMode: mode ?? 'now' };
}

interface AgentDeps {
  readonly name: string;
  readonly resolveModel: ResolveModel;
  readonly maxTimeoutSeconds: number;
  checkKey(sessionKey: string): string;
}

function agentAction(payload: unknown, { name, checkKey, resolveModel, maxTimeoutSeconds }: AgentDeps): AgentAction {
  const fields = checked(checkAgent, withChannelName(payload), 'message');
  const { sessionKey, model, to, thinking } = fields;
  return {
    kind: 'agent',
    message: [{ path: 'message' }],
    name: runName(fields.name ?? name, name),
    sessionKey: sessionKey === undefined ? freshSessionKey() : checkKey(sessionKey),
    wakeMode: fields.wakeMode ?? 'now',
    deliver: fields.deliver ?? true,
    channel: fields.channel ?? 'last',
    ...(to !== undefined && { to: recipient(to) }),
    ...(model !== undefined && { model: modelOf(resolveModel, model) }),
    ...(thinking !== undefined && { thinking }),
    ...capTimeout(fields.timeoutSeconds, maxTimeoutSeconds),
  };
}

/** The text first: without it nothing else matters. */
function checked<T>(check: Check<T>, payload: unknown, text: 'text' | 'message'): T {
  const result = check(asNumbers(payload));
  if (result.ok) return result.value;
  if (result.problems.some(({ path }) => path === `/${text}`)) throw new InvalidEvent(`${text} required`);
  throw invalidEvent('the payload is not valid', result.problems);
}

function withChannelName(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || !('channel' in payload)) return payload;
  const channel = otherNames.get(payload.channel);
  return channel === undefined ? payload : { ...payload, channel };
}

function compilePrefixes(list: readonly string[]): (sessionKey: string) => string {
  const prefixes = list.map((prefix) => prefix.trim()).filter((prefix) => prefix !== '');
  return (sessionKey) => {
    const key = sessionKey.toLowerCase();
    if (prefixes.length === 0 || prefixes.some((prefix) => key.startsWith(prefix.toLowerCase()))) return sessionKey;
    throw new InvalidEvent(`sessionKey must start with one of: ${prefixes.join(', ')}`);
  };
}

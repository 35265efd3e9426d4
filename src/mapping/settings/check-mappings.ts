import { valueAt } from '../../domain/event.ts';
import { type ActionKind, actionKinds, ignoredKey, neededKeys } from '../../domain/mapping-keys.ts';
import { type Problem, toPointer } from '../../schema/problem.ts';
import { checkVerify } from '../../verify/settings.ts';

/** Names under `hooks.path` that the API itself answers for. */
const reservedPaths = ['runs', 'workflows'];

/**
 * What the schema cannot say about a list of mappings (of the config or of a preset file). `list` may still be invalid:
 * a value of the wrong type is left to the schema's own message. `at` is the list's JSON pointer in its file.
 */
export function checkMappings(list: unknown, at: string): Problem[] {
  if (!Array.isArray(list)) return [];
  const rules = list.map((rule: unknown, index) => ({ rule, at: at + toPointer([index]) }));
  return rules.flatMap((placed) => [
    ...reservedPath(placed),
    ...ignoredKeys(placed),
    ...missingKeys(placed),
    ...twoWorkflows(placed),
    ...namelessKeys(placed),
    ...blockedReport(placed),
    ...verifyProblems(placed.rule, placed.at),
  ]);
}

/** What is wrong with the `verify` of a mapping, or of an overlay, that stands at `at`. */
export function verifyProblems(rule: unknown, at: string): Problem[] {
  return checkVerify(valueAt(rule, ['verify'])).map(({ path, message }) => ({ path: `${at}/verify${path}`, message }));
}

interface PlacedRule {
  readonly rule: unknown;
  /** JSON pointer */
  readonly at: string;
}

function reservedPath({ rule, at }: PlacedRule): Problem[] {
  const path = valueAt(rule, ['match', 'path']);
  const name = typeof path === 'string' ? path.replace(/^\/+/, '').split('/')[0]?.toLowerCase() : undefined;
  if (name === undefined || !reservedPaths.includes(name)) return [];
  return [{ path: `${at}/match/path`, message: `"${name}" belongs to the API of Gimli itself; expected another name` }];
}

/** What the action of a mapping has no use for; which that is, one table knows. */
function ignoredKeys({ rule, at }: PlacedRule): Problem[] {
  const action = actionOf(rule);
  if (!isRecord(rule) || !action) return [];
  const made = { action, hasTransform: Object.hasOwn(rule, 'transform') };
  const problems = Object.keys(rule).flatMap((key) => {
    const users = ignoredKey(key, made);
    if (!users) return [];
    const message = `would be ignored: action ${action} does not use it; ${users.join(' and ')} ${users.length > 1 ? 'do' : 'does'}`;
    return [{ path: at + toPointer([key]), message }];
  });
  if (action !== 'agent' || rule.deliver !== 'every-step') return problems;
  const message = 'expected true or false, found "every-step": a mapping of action agent has no steps';
  return [...problems, { path: `${at}/deliver`, message }];
}

/** What an action cannot be made without. */
function missingKeys({ rule, at }: PlacedRule): Problem[] {
  const action = actionOf(rule);
  if (!isRecord(rule) || !action) return [];
  const needed = neededKeys[action];
  // What is of another action says that it is the action which is wrong, and `ignoredKeys` has said so.
  const others = actionKinds.flatMap((kind) => neededKeys[kind]).filter((key) => Object.hasOwn(rule, key));
  if (others.some((key) => needed.includes(key) || key !== 'transform')) return [];
  const message =
    action === 'workflow'
      ? 'a mapping of action workflow needs steps, or a workflow by its id'
      : `a mapping of action ${action} needs a ${needed.join(' or a ')}`;
  return [{ path: at, message }];
}

function actionOf(rule: unknown): ActionKind | undefined {
  const action = valueAt(rule, ['action']) ?? 'agent';
  return actionKinds.find((kind) => kind === action);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function twoWorkflows({ rule, at }: PlacedRule): Problem[] {
  if (actionOf(rule) !== 'workflow' || !isRecord(rule)) return [];
  if (!Object.hasOwn(rule, 'workflow') || !Object.hasOwn(rule, 'steps')) return [];
  const message = 'would be ignored: the steps are those of `workflow`; leave one of the two out';
  return [{ path: `${at}/steps`, message, see: `${at}/workflow` }];
}

/** Keys are remembered by the id of their mapping, which otherwise changes with its place in the list. */
function namelessKeys({ rule, at }: PlacedRule): Problem[] {
  if (valueAt(rule, ['dedupeKey']) === undefined || valueAt(rule, ['id']) !== undefined) return [];
  return [{ path: `${at}/id`, message: 'missing; a mapping with a dedupeKey needs an id of its own' }];
}

function blockedReport({ rule, at }: PlacedRule): Problem[] {
  const tools = valueAt(rule, ['tools']);
  const index = Array.isArray(tools) ? tools.indexOf('report') : -1;
  if (index === -1 || valueAt(rule, ['updateMainSession']) !== 'blocked') return [];
  const message =
    'expected no "report" where updateMainSession is "blocked": it would tell main something all the same';
  return [{ path: at + toPointer(['tools', index]), message, see: `${at}/updateMainSession` }];
}

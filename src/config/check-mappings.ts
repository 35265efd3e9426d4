import { checkVerify } from '../domain/check-verify.ts';
import { follow } from '../domain/event.ts';
import { type Problem, toPointer } from './problem.ts';

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
    ...uselessTemplate(placed),
    ...workflowFieldsOfOthers(placed),
    ...workflowProblems(placed),
    ...namelessKeys(placed),
    ...runFieldsOfWake(placed),
    ...blockedReport(placed),
    ...uselessLimits(placed),
    ...verifyProblems(placed.rule, placed.at),
  ]);
}

/** What is wrong with the `verify` of a mapping, or of an overlay, that stands at `at`. */
export function verifyProblems(rule: unknown, at: string): Problem[] {
  return checkVerify(follow(rule, ['verify'])).map(({ path, message }) => ({ path: `${at}/verify${path}`, message }));
}

interface PlacedRule {
  readonly rule: unknown;
  /** JSON pointer */
  readonly at: string;
}

function reservedPath({ rule, at }: PlacedRule): Problem[] {
  const path = follow(rule, ['match', 'path']);
  const name = typeof path === 'string' ? path.replace(/^\/+/, '').split('/')[0]?.toLowerCase() : undefined;
  if (name === undefined || !reservedPaths.includes(name)) return [];
  return [{ path: `${at}/match/path`, message: `"${name}" belongs to the API of Gimli itself; expected another name` }];
}

function uselessTemplate({ rule, at }: PlacedRule): Problem[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const action = follow(rule, ['action']) ?? 'agent';
  if (action === 'workflow') {
    const templates = ['messageTemplate', 'textTemplate'].filter((field) => Object.hasOwn(rule, field));
    const message = 'would be ignored: a mapping of action workflow has steps, each with a message';
    return templates.map((field) => ({ path: at + toPointer([field]), message }));
  }
  if (action !== 'agent' && action !== 'wake') return [];
  const [own, other] = action === 'agent' ? ['messageTemplate', 'textTemplate'] : ['textTemplate', 'messageTemplate'];
  if (Object.hasOwn(rule, other)) {
    return [{ path: `${at}/${other}`, message: `would be ignored: a mapping of action ${action} has a ${own}` }];
  }
  // With steps it is the action that is missing: `workflowFieldsOfOthers` says so.
  if ([own, 'transform', 'steps', 'workflow'].some((field) => Object.hasOwn(rule, field))) return [];
  return [{ path: at, message: `a mapping of action ${action} needs a ${own} or a transform` }];
}

/** What only a workflow has. */
function workflowFieldsOfOthers({ rule, at }: PlacedRule): Problem[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const action = follow(rule, ['action']) ?? 'agent';
  if (action !== 'agent' && action !== 'wake') return [];
  const ignored = ['workflow', 'steps', 'continueOnError'].filter((field) => Object.hasOwn(rule, field));
  const message = `would be ignored: a mapping of action ${action} has no steps; action workflow has`;
  const problems = ignored.map((field) => ({ path: at + toPointer([field]), message }));
  if (follow(rule, ['deliver']) !== 'every-step') return problems;
  const everyStep = `expected true or false, found "every-step": a mapping of action ${action} has no steps`;
  return [...problems, { path: `${at}/deliver`, message: everyStep }];
}

/** What a workflow must have, and what it makes no use of. */
function workflowProblems({ rule, at }: PlacedRule): Problem[] {
  if (typeof rule !== 'object' || rule === null || follow(rule, ['action']) !== 'workflow') return [];
  const has = (field: string) => Object.hasOwn(rule, field);
  const problems: Problem[] = [];
  if (has('workflow') && has('steps')) {
    const message = 'would be ignored: the steps are those of `workflow`; leave one of the two out';
    problems.push({ path: `${at}/steps`, message, see: `${at}/workflow` });
  }
  if (!has('workflow') && !has('steps')) {
    problems.push({ path: at, message: 'a mapping of action workflow needs steps, or a workflow by its id' });
  }
  if (has('coalesce')) {
    const message = 'would be ignored: each event makes a workflow of its own';
    problems.push({ path: `${at}/coalesce`, message });
  }
  return problems;
}

/** A wake makes no run: its lines are gathered by the heartbeat. */
function uselessLimits({ rule, at }: PlacedRule): Problem[] {
  if (follow(rule, ['action']) !== 'wake') return [];
  return ['coalesce', 'rate', 'maxConcurrent', 'budget', 'retryFor']
    .filter((field) => follow(rule, [field]) !== undefined)
    .map((field) => ({ path: `${at}/${field}`, message: 'would be ignored: a mapping of action wake makes no runs' }));
}

/** Keys are remembered by the id of their mapping, which otherwise changes with its place in the list. */
function namelessKeys({ rule, at }: PlacedRule): Problem[] {
  if (follow(rule, ['dedupeKey']) === undefined || follow(rule, ['id']) !== undefined) return [];
  return [{ path: `${at}/id`, message: 'missing; a mapping with a dedupeKey needs an id of its own' }];
}

/** What only a run can obey. A transform may still make a run of a wake. */
const runFields = ['screen', 'tools', 'context', 'updateMainSession'];

function runFieldsOfWake({ rule, at }: PlacedRule): Problem[] {
  if (typeof rule !== 'object' || rule === null) return [];
  if (follow(rule, ['action']) !== 'wake' || Object.hasOwn(rule, 'transform')) return [];
  const ignored = runFields.filter((field) => Object.hasOwn(rule, field));
  return ignored.map((field) => ({
    path: at + toPointer([field]),
    message: 'would be ignored: a mapping of action wake makes no run',
  }));
}

function blockedReport({ rule, at }: PlacedRule): Problem[] {
  const tools = follow(rule, ['tools']);
  const index = Array.isArray(tools) ? tools.indexOf('report') : -1;
  if (index === -1 || follow(rule, ['updateMainSession']) !== 'blocked') return [];
  const message =
    'expected no "report" where updateMainSession is "blocked": it would tell main something all the same';
  return [{ path: at + toPointer(['tools', index]), message, see: `${at}/updateMainSession` }];
}

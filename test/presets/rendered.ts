import { expect, it } from '@jest/globals';
import { type Action, textsOf } from '../../src/domain/action.ts';
import { type Context, narrow, resolveIn } from '../../src/domain/event.ts';
import { describeMiss } from '../../src/domain/miss.ts';
import { referenceValue } from '../../src/domain/text/text.ts';
import { loadPreset, presetSamples } from '../../src/mapping/sources/preset.ts';
import { actionsOf, contextOf, mappingOf, textOf } from '../mapping/fixtures.ts';

/** A secret that every scheme takes. */
export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** The variables that the shipped presets read, but for gmail's, which reads none. */
export const presetVariables: Readonly<Record<string, string>> = {
  github: 'GITHUB_WEBHOOK_SECRET',
  gitlab: 'GITLAB_WEBHOOK_SECRET',
  linear: 'LINEAR_WEBHOOK_SECRET',
  pagerduty: 'PAGERDUTY_WEBHOOK_SECRET',
  sentry: 'SENTRY_CLIENT_SECRET',
  shopify: 'SHOPIFY_CLIENT_SECRET',
  slack: 'SLACK_SIGNING_SECRET',
  standard: 'STANDARD_WEBHOOK_SECRET',
  stripe: 'STRIPE_WEBHOOK_SECRET',
};
export const presetEnv = Object.fromEntries(Object.values(presetVariables).map((name) => [name, secret]));

export const shippedPreset = (name: string) =>
  loadPreset(name, { env: presetEnv, overlay: {}, place: (message) => [message] });

export function sampleOf(preset: string, name: string) {
  const found = presetSamples(preset).samples[name];
  if (!found) throw new Error(`${preset} has no sample ${name}`);
  return { body: found.body as Record<string, unknown>, headers: found.headers ?? {} };
}

/** For each mapping of a preset why it does not take a payload; null for one that does. */
function misses(preset: string, body: unknown, headers: Record<string, string> = {}): (string | null)[] {
  const context = contextOf(body, { headers, path: preset });
  return shippedPreset(preset).mappings.map((rule) => {
    const miss = mappingOf(rule).match(context);
    return miss && describeMiss(miss);
  });
}

/** What a preset makes of a payload: the mapping that takes it, and its actions. */
export function taken(preset: string, body: unknown, headers: Record<string, string> = {}) {
  const reasons = misses(preset, body, headers);
  const rule = shippedPreset(preset).mappings[reasons.indexOf(null)];
  if (!rule) throw new Error(`no mapping takes it:\n${reasons.join('\n')}`);
  const context = contextOf(body, { headers, path: preset });
  return { mapping: rule.id, context, actions: actionsOf(mappingOf(rule), context) };
}

/** The same, as the model reads it. */
export function rendered(preset: string, body: unknown, headers: Record<string, string> = {}) {
  const { mapping, context, actions } = taken(preset, body, headers);
  return actions.map((action) => {
    const text = textOf(action, context);
    const task = text.indexOf('\n\n');
    return {
      mapping,
      name: action.kind === 'agent' ? action.name : undefined,
      sessionKey: action.kind === 'agent' ? action.sessionKey : undefined,
      says: text.slice(0, text.indexOf('. ') + 1),
      fields: text.slice(task + 2),
    };
  });
}

/** The values that the message of an action stands on but that are not there. */
export function emptyPlaces(action: Action, context: Context): string[] {
  const resolve = resolveIn(narrow(context, action.each));
  const references = textsOf(action)
    .flat()
    .filter((part) => typeof part !== 'string');
  return references.filter((part) => referenceValue(part, resolve) === '').map(({ path }) => path);
}

interface Expected {
  /** id of the mapping that takes it */
  readonly mapping: string | undefined;
  readonly sessionKey: unknown;
  /** the first sentence of the task */
  readonly says: string;
  /** all that stands below the task */
  readonly fields: string;
}

/** A test for each sample of a preset, and one that none is left out. */
export function itRenders(
  preset: string,
  name: string,
  expected: Readonly<Record<string, Expected | Expected[]>>,
): void {
  it.each(Object.entries(expected))(`${preset} makes this of its sample %s`, (sample, actions) => {
    const { body, headers } = sampleOf(preset, sample);
    expect(rendered(preset, body, headers)).toEqual([actions].flat().map((action) => ({ name, ...action })));
  });

  it('is tested with all its samples', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(presetSamples(preset).samples));
  });
}

/** A copy of a body with other values where the paths lead, such as `event.bot_id`; undefined takes a value away. */
function changed(body: Record<string, unknown>, change: Readonly<Record<string, unknown>>): typeof body {
  const copy = structuredClone(body);
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const holder = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return copy;
}

/** What a sample with a change becomes. */
export function renderedChange(preset: string, sample: string, change: Readonly<Record<string, unknown>>) {
  const { body, headers } = sampleOf(preset, sample);
  return rendered(preset, changed(body, change), headers);
}

type Ignored = [
  what: string,
  sample: string,
  change: Readonly<Record<string, unknown>>,
  headers?: Record<string, string>,
];

/** A test for each event that no mapping of a preset takes: a sample with a change. */
export function itIgnores(preset: string, cases: readonly Ignored[]): void {
  it.each<Ignored>([...cases])(`${preset} has nothing to say of %s`, (_, sample, change, more = {}) => {
    const { body, headers } = sampleOf(preset, sample);
    const reasons = misses(preset, changed(body, change), { ...headers, ...more });
    expect(reasons).toEqual(reasons.map(() => expect.stringMatching(/^match\./)));
  });
}

import { type Action, textsOf } from '../../src/domain/action.ts';
import { type Context, narrow, resolveIn } from '../../src/domain/event.ts';
import { plain } from '../../src/domain/text/text.ts';
import { compileMapping, type Mapping, type MappingDeps } from '../../src/mapping/mapping.ts';
import type { MappingRule } from '../../src/mapping/settings/mapping-schema.ts';
import type { Occasion } from '../../src/mapping/transform/transform.ts';

/** A request as mappings see it. */
export function contextOf(payload: unknown, rest: Partial<Context> = {}): Context {
  return { payload, headers: {}, query: {}, path: 'shop', now: '2026-02-02T09:00:00.000Z', ...rest };
}

/** What a transform is called for. */
export function occasionOf(rawBody: Buffer, more: Partial<Occasion> = {}): Occasion {
  return { rawBody, eventId: 'evt', mapping: 'test', maxTextChars: 1_048_576, ...more };
}

/** The message or line of an action, with the values in their places. */
export function textOf(action: Action, context: Context): string {
  return plain(textsOf(action).flat(), resolveIn(narrow(context, action.each)));
}

const deps: MappingDeps = {
  resolveModel: (name) => {
    if (name.startsWith('no')) throw new Error(`model "${name}" is not allowed`);
    return `provider/${name}`;
  },
  checkTools: () => {},
  runsCommand: (model) => model === 'provider/sh',
  usualTools: [],
  workflows: new Map(),
  maxTextChars: 1_048_576,
  maxTimeoutSeconds: 3600,
  transforms: { run: async (_, elements) => elements.map(() => undefined) },
};

/** The problems of a rule, or else its mapping. */
export function compile(rule: MappingRule, more: Partial<MappingDeps> = {}): Mapping | readonly string[] {
  const checked = compileMapping(rule, { id: 'test', origin: 'config' }, { ...deps, ...more });
  return checked.ok ? checked.value : checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

export function mappingOf(rule: MappingRule, more: Partial<MappingDeps> = {}): Mapping {
  const mapping = compile(rule, more);
  if ('act' in mapping) return mapping;
  throw new Error(mapping.join('\n'));
}

/** The actions of a mapping without a transform. */
export function actionsOf(mapping: Mapping, context: Context): readonly Action[] {
  const actions = mapping.act(context, Buffer.from(JSON.stringify(context.payload)));
  if (actions === null || actions instanceof Promise) throw new Error('expected actions at once');
  return actions;
}

import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventMessage, HookPrompt } from '../../../src/agent/prompt/prompt.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { Action } from '../../../src/domain/action.ts';
import { InvalidEvent, TransformError } from '../../../src/domain/errors.ts';
import { type Context, contextOf, narrow, resolveIn } from '../../../src/domain/event.ts';
import { usualPolicy } from '../../../src/domain/mapping.ts';
import { oneLine, summaryOf } from '../../../src/domain/run.ts';
import { display, plain, type Text } from '../../../src/domain/text/text.ts';
import { runOfStep } from '../../../src/domain/workflow.ts';
import type { Mapping } from '../../../src/mapping/mapping.ts';
import { builtinMappings } from '../../../src/mapping/sources/builtin.ts';
import { createPromptTag } from '../../../src/mapping/template/prompt-tag.ts';
import type { TransformContext } from '../../../src/mapping/transform/define-transform.ts';
import { type Patch, patchOf } from '../../../src/mapping/transform/patch.ts';
import { withStepResults } from '../../../src/runtime/attempt/step-results.ts';
import { findRun, finishRun, insertRun } from '../../../src/store/queries/runs.ts';
import { insertWorkflowRun } from '../../../src/store/queries/workflows.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { mappingOf } from '../../mapping/fixtures.ts';
import { atEnd } from '../../support/at-end.ts';
import { parseFenced } from '../../support/fenced-prompt.ts';
import { hostileText, safetySwitches } from '../../support/hostile.ts';
import { event, list, mark, marked, payload, type StoredEvent } from '../../support/hostile-event.ts';
import { newId } from '../../support/new-id.ts';
import { literals, Nested, nested, ownersPath, template } from '../../support/owners-words.ts';
import { heartbeatPrompt, hookPrompt } from '../../support/prompts.ts';
import { holds, holdsAsync } from '../../support/property.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** What comes of a transform that returns this as its message, as `ctx.prompt` and the check of its result have it. */
function patchWith(message: string | Nested): Patch {
  if (typeof message === 'string') return patchOf('a.ts', { message }, {});
  const { tag, textOf } = createPromptTag();
  const text = textOf(written(message, tag));
  return patchOf('a.ts', {}, text ? { message: JSON.parse(JSON.stringify(text)) } : {});
}

function written(value: unknown, tag: TransformContext['prompt']): unknown {
  if (Array.isArray(value)) return value.map((inner) => written(inner, tag));
  if (!(value instanceof Nested)) return value;
  const [first, ...rest] = value.words;
  const literal = [first, ...rest.map(([, then]) => then)];
  const strings = Object.freeze(Object.assign(literal, { raw: Object.freeze([...literal]) }));
  return tag(strings, ...rest.map(([inner]) => written(inner, tag)));
}

const builtins = builtinMappings({
  hooks: { allowedSessionKeyPrefixes: [], maxTextChars: 1_048_576 } as unknown as Config['hooks'],
  resolveModel: (model) => model,
  usualTools: [],
  maxTimeoutSeconds: 3600,
  workflows: new Map(),
});
const builtin = (name: string) => builtins.find(({ path }) => path === name) as Mapping;
const [agent, workflow] = [builtin('agent'), builtin('workflow')];

/** The prompt of a run: its action as it was stored with its event and the policy of its mapping. */
function promptOf(mapping: Mapping, from: StoredEvent, action: Action | undefined) {
  if (action?.kind !== 'agent') throw new Error('expected the action of an agent');
  expectOneLine(action.name, action.sessionKey, action.to ?? 'nobody');
  const stored: typeof action = JSON.parse(JSON.stringify(action));
  const resolve = resolveIn(narrow(contextOf(from), stored.each));
  const hook = mapping.path ?? mapping.id;
  const prompt = hookPrompt({ hook, policy: mapping.policy, action: stored, resolve });
  return { prompt, message: stored.message, resolve };
}

const store = await openSqliteStore(path.join(tempDir(), 'gimli.db'));
atEnd(() => store.close());

/** How a step has ended: with a reply, or with an error. */
interface StepEnd {
  readonly field: 'outputText' | 'error';
  readonly text: string;
}

/** What later steps are shown of it. */
const resultOf = ({ text }: StepEnd) =>
  text.length <= 50_000
    ? text.toWellFormed()
    : `${text.slice(0, 50_000).toWellFormed()}\n[cut: ${text.length} characters in all]`;

/** The prompts of all steps of a workflow that was stored with what came of each of them. */
async function stepPrompts(mapping: Mapping, from: StoredEvent, action: Action, ends: readonly StepEnd[]) {
  if (action.kind !== 'workflow') throw new Error('expected a workflow');
  const names = action.steps.flatMap(({ id, name }) => [id, name]);
  expectOneLine(action.workflowId, action.name, action.sessionKey ?? 'its own', action.to ?? 'nobody', ...names);
  const [id, { policy }, hook] = [`wf-${newId()}`, mapping, mapping.path ?? mapping.id];
  const started = { id, eventId: 'e', hook, sessionKey: `workflow:${id}`, action, policy, group: null, createdAt: 0 };
  const runs = action.steps.map((_, at) => ({ id: newId(), ...runOfStep(started, at, 0) }));
  await store.write(async (tx) => {
    await insertWorkflowRun(tx, { ...started, status: 'running' });
    for (const [at, run] of runs.entries()) {
      const { field, text } = ends[at] as StepEnd;
      const end = field === 'error' ? { error: text, errorCode: 'provider' as const } : { outputText: text };
      await insertRun(tx, run);
      await finishRun(tx, run.id, { summary: 'x', ...end }, 1);
    }
  });
  return Promise.all(
    runs.map(async (made) => {
      const run = await findRun(store.read, made.id);
      if (!run) throw new Error('the run is gone');
      expectOneLine(run.name, run.sessionKey);
      const event = resolveIn(narrow(contextOf(from), run.action.each));
      const resolve = await withStepResults(store.read, run, event);
      return {
        prompt: hookPrompt({ hook, policy, action: run.action, resolve }),
        message: run.action.message,
        resolve,
      };
    }),
  );
}

function expectOneLine(...texts: readonly string[]): void {
  const bad = texts.find((text) => text.trim() === '' || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text));
  if (bad !== undefined) throw new Error(`not one line: ${JSON.stringify(bad)}`);
}

/** What stands round the task and the fence in every prompt of this mapping, with as much beside its event. */
function frameOf(
  { path, id, policy }: Mapping,
  { joined = [], conversation = [] }: { joined?: readonly string[]; conversation?: HookPrompt['conversation'] } = {},
): readonly string[] {
  const said = (text: string): EventMessage => ({ message: [text], resolve: () => undefined });
  const more = { joined: joined.map(said), conversation: (conversation ?? []).map(() => ({ label: 'x', text: 'x' })) };
  const prompt = hookPrompt({
    hook: path ?? id,
    policy,
    action: { message: ['x'] },
    resolve: () => undefined,
    ...more,
  });
  const { outside } = parseFenced(prompt);
  return [outside.slice(0, outside.indexOf(taskMark) + taskMark.length), outside.slice(outside.indexOf('\n\nDATA\n…'))];
}
const taskMark = '\n\nTASK\n';

/** Checks a prompt, and gives its task, its data, and how many hostile values it holds. */
function checkFence(prompt: string, [before = '', after = '']: readonly string[]) {
  const { outside, data } = parseFenced(prompt);
  const escaped = outside.match(mark);
  if (escaped) throw new Error(`outside the fence: ${escaped} in ${outside}`);
  if (!outside.startsWith(before) || !outside.endsWith(after)) throw new Error(`another frame: ${outside}`);
  const task = outside.slice(before.length, outside.length - after.length);
  const reached = new Set(data.flatMap(([label, text]) => `${label} ${text}`.match(mark) ?? [])).size;
  return { task, data: new Map(data), reached };
}

/** Takes a task apart into words of the owner and names of values; throws where there is anything else. */
function piecesOf(task: string, path: RegExp, ours: readonly string[] = []): Text {
  const pieces: (string | { path: string })[] = [];
  for (let at = 0; at < task.length; ) {
    const literal = [...ours, ...literals].find((text) => task.startsWith(text, at));
    const [tag = literal ?? '', label = ''] = literal ? [] : (/^\{\{([^{}]+)\}\}/.exec(task.slice(at, at + 200)) ?? []);
    if (tag === '' || (!literal && !path.test(label))) throw new Error(`nobody’s words: ${task.slice(at)}`);
    pieces.push(literal ?? { path: label });
    at += tag.length;
  }
  return pieces;
}

/** With the values back in their places the task says what the message says. */
function expectText(task: Text, shownAs: (path: string) => string | undefined, text: string): void {
  const whole = plain(task, shownAs);
  if (whole !== text) throw new Error(`the task says something else: ${whole}`);
}

/** The value that a name leads to, found without any of our own code. */
function valueAt(path: string, { payload: root, ...rest }: Context): unknown {
  const segments = path.match(/[^.[\]]+/g) ?? [];
  const isRoot = segments[0] === 'payload' || Object.hasOwn(rest, segments[0] ?? '');
  return segments.reduce<unknown>(
    (here, key) =>
      typeof here === 'object' && here !== null && Object.hasOwn(here, key) ? Reflect.get(here, key) : undefined,
    isRoot ? { payload: root, ...rest } : root,
  );
}

/** Checks the prompt of a message that is nobody's words: a constant task, and these values alone. Gives how many they are. */
function checkRequest(prompt: string, mapping: Mapping, values: Record<string, string>): number {
  const { path, id, policy } = mapping;
  const action = { message: [{ path: 'nothing' }] };
  const other = hookPrompt({ hook: path ?? id, policy, action, resolve: () => undefined });
  const { data, reached } = checkFence(prompt, [parseFenced(other).outside, '']);
  expect(Object.fromEntries(data)).toEqual(values);
  return reached;
}

const stepField = fc.constantFrom('outputText' as const, 'error' as const);
/** What a model says may speak of steps, too. */
const stepEnd: fc.Arbitrary<StepEnd> = fc.record({
  field: stepField,
  text: fc
    .tuple(
      hostileText,
      fc.constantFrom('', '', '{{steps.first.outputText}}', '{{payload.steps[0].message}}', '{{payload}}'),
    )
    .map((texts) => marked(texts.join(''))),
});
/** As in templates, or the result of a step. */
const stepsPath = new RegExp(`${ownersPath.source}|^steps\\.first\\.(?:outputText|error)$`);

/** What is made of an event, or nothing where it is refused as invalid. */
function valid<T>(make: () => readonly T[]): readonly T[] {
  try {
    return make();
  } catch (error) {
    return invalid(error);
  }
}

function invalid(error: unknown): readonly never[] {
  if (!(error instanceof InvalidEvent)) throw error;
  return [];
}

/** The line that a wake leaves in main's inbox. */
function wakeLine(textTemplate: string, from: StoredEvent): string {
  const [action] = mappingOf({ action: 'wake', textTemplate }).act(contextOf(from), from.body) as Action[];
  if (action?.kind !== 'wake') throw new Error('expected a wake');
  return plain(action.text, resolveIn(contextOf(from))).trim();
}

/**
 * No byte from outside stands outside the fence. Every value, and every key that a sender chooses, carries a mark of its own,
 * so that it is found wherever it gets to; and what stands outside the fence is taken apart into words of the owner, names of
 * values, and nothing else. Together the properties below bring more than 100,000 hostile values into fences; each counts its
 * own.
 */
describe('every value from outside stays inside the fence', () => {
  it('in what templates make of payloads, headers, queries, names of hooks and of fields', () => {
    let reached = 0;
    const rules = fc.tuple(
      fc.record({ messageTemplate: template, name: template }),
      fc.constantFrom({}, { forEach: list }),
      fc.constantFrom({}, { match: { path: 'shop' } }),
    );
    holds(fc.tuple(rules, event), 4200, ([rule, from]) => {
      // However long it is: this is about where the values get to.
      const mapping = mappingOf(Object.assign({}, ...rule), { maxTextChars: Infinity });
      const context = contextOf(from);
      const frame = frameOf(mapping);
      for (const action of mapping.act(context, from.body) as Action[]) {
        const { prompt, message, resolve } = promptOf(mapping, from, action);
        const { task, data, reached: now } = checkFence(prompt, frame);
        const seen = narrow(context, action.each);
        for (const [label, text] of data) {
          if (text !== display(valueAt(label, seen))) throw new Error(`${label} is another value: ${text}`);
        }
        expectText(piecesOf(task, ownersPath), (path) => data.get(path), plain(message, resolve));
        reached += now;
      }
    });
    expect(reached).toBeGreaterThan(70_000);
  });

  it('in what a transform returns as plain text, and in what it puts into ctx.prompt', async () => {
    let reached = 0;
    const returned = fc.oneof(hostileText.map(marked), nested);
    await holdsAsync(fc.tuple(returned, event), 4000, async ([message, from]) => {
      const mapping = mappingOf(
        { transform: { module: 'a.ts' }, messageTemplate: '{{payload}}' },
        { transforms: { run: async (_, elements) => elements.map(() => patchWith(message)) } },
      );
      const [action] = (await mapping.act(contextOf(from), from.body)) ?? [];
      const { prompt, ...whole } = promptOf(mapping, from, action);
      if (typeof message === 'string') {
        reached += checkRequest(prompt, mapping, { message });
      } else {
        const { task, data, reached: now } = checkFence(prompt, frameOf(mapping));
        expectText(piecesOf(task, /^value\d+$/), (path) => data.get(path), plain(whole.message, whole.resolve));
        reached += now;
      }
    });
    expect(reached).toBeGreaterThan(12_000);
  });

  it('in a request to /hooks/agent, whose task is ours alone', () => {
    let reached = 0;
    const name = hostileText.map((text) => marked(text.slice(0, 90)));
    const request = fc.record({ message: hostileText.map(marked), more: payload, name });
    holds(fc.tuple(request, event), 2000, ([{ message, more, ...rest }, from]) => {
      const body = Buffer.from(JSON.stringify({ ...more, ...rest, message }));
      const [action] = agent.act(contextOf({ ...from, body }), body) as Action[];
      reached += checkRequest(promptOf(agent, { ...from, body }, action).prompt, agent, { message });
    });
    expect(reached).toBe(2000);
  });

  it('in the steps of the owner’s workflows, with what earlier ones have said', async () => {
    let reached = 0;
    const results = [
      '{{steps.first.outputText}}',
      '{{{ steps.first.error }}}',
      '{{#list}}Read: {{steps.first.outputText}}{{/list}}',
    ];
    const step = fc.tuple(template, fc.constantFrom(...results, ''), template).map((parts) => parts.join(''));
    const rules = fc.tuple(
      fc.record({ name: template, steps: fc.tuple(template, step) }),
      fc.constantFrom({}, { forEach: list }),
      fc.constantFrom({}, { match: { path: 'shop' } }),
    );
    await holdsAsync(fc.tuple(rules, event, stepEnd, stepEnd), 400, async ([[rule, each, match], from, ...ends]) => {
      const steps = rule.steps.map((message, at) => ({ id: at === 0 ? 'first' : 'second', message }));
      const mapping = mappingOf({ action: 'workflow', ...rule, ...each, ...match, steps });
      const context = contextOf(from);
      const frame = frameOf(mapping);
      for (const action of mapping.act(context, from.body) as Action[]) {
        const prompts = await stepPrompts(mapping, from, action, ends);
        const seen = narrow(context, action.each);
        const [first] = ends;
        const said = new Map(
          ['outputText', 'error'].map((field) => [
            `steps.first.${field}`,
            first.field === field ? resultOf(first) : '',
          ]),
        );
        for (const { prompt, message, resolve } of prompts) {
          const { task, data, reached: now } = checkFence(prompt, frame);
          for (const [label, text] of data) {
            const value = said.get(label) ?? display(valueAt(label, seen));
            if (text !== value) throw new Error(`${label} is another value: ${text}`);
          }
          expectText(piecesOf(task, stepsPath), (name) => data.get(name), plain(message, resolve));
          reached += now;
        }
      }
    });
    expect(reached).toBeGreaterThan(8000);
  });

  it('in the steps of a request to /hooks/workflow, whose task is ours alone', async () => {
    let reached = 0;
    const id = hostileText.map((text) => marked(oneLine(text.slice(0, 90), 100).replaceAll(/[{}]/g, '')));
    /** Text, or the result of the step that is so many before. */
    const part = fc.oneof(
      hostileText.map(marked),
      fc.record({ back: fc.integer({ min: 1, max: 2 }), field: stepField }),
    );
    const step = fc.record({ id, name: id, message: fc.array(part, { minLength: 1, maxLength: 4 }), end: stepEnd });
    const request = fc.record({ more: payload, id, name: id, steps: fc.array(step, { minLength: 1, maxLength: 3 }) });
    await holdsAsync(fc.tuple(request, event), 600, async ([{ more, steps, ...named }, from]) => {
      const message = (at: number, shown: (step: (typeof steps)[number], field: StepEnd['field']) => string) =>
        (steps[at]?.message ?? []).map((one) => {
          if (typeof one === 'string') return one;
          const earlier = steps[at - one.back];
          return earlier ? shown(earlier, one.field) : 'x';
        });
      const sent = steps.map((one, at) => ({
        id: one.id,
        name: one.name,
        message: message(at, (earlier, field) => `{{steps.${earlier.id}.${field}}}`).join(''),
      }));
      const body = Buffer.from(JSON.stringify({ ...more, ...named, steps: sent }));
      const [action] = workflow.act(contextOf({ ...from, body }), body) as Action[];
      if (!action) throw new Error('no workflow');
      const ends = steps.map(({ end }) => end);
      const prompts = await stepPrompts(workflow, { ...from, body }, action, ends);
      for (const [at, { prompt }] of prompts.entries()) {
        const said = message(at, ({ end }, field) => (end.field === field ? resultOf(end) : ''));
        reached += checkRequest(prompt, workflow, { [`payload.steps[${at}].message`]: said.join('') });
      }
    });
    expect(reached).toBeGreaterThan(1500);
  });

  it('in the inbox that main reads, whether a line is a wake or a summary', () => {
    let reached = 0;
    const given = { instructions: 'Look around.', checklist: '- water the plants' };
    const frame = [parseFenced(heartbeatPrompt({ ...given, lines: [] })).outside, ''];
    const line = fc.record({
      label: fc.oneof(fc.constant('inbox[0] 2026-11-23T10:00:00.000Z from shop'), hostileText.map(marked)),
      text: fc.oneof(
        template.chain((textTemplate) => event.map((from) => wakeLine(textTemplate, from))),
        fc.tuple(hostileText, hostileText).map(([who, said]) => marked(`${oneLine(who, 200)}: ${summaryOf(said)}`)),
        hostileText.map(marked),
      ),
    });
    holds(fc.array(line, { maxLength: 12 }), 1000, (lines) => {
      const { data, outside } = parseFenced(heartbeatPrompt({ ...given, lines }));
      expect(outside).toBe(frame[0]);
      expect(data).toEqual(lines.map(({ label, text }) => [label, text]));
      reached += checkFence(heartbeatPrompt({ ...given, lines }), frame).reached;
    });
    expect(reached).toBeGreaterThan(20_000);
  });

  it('in events that one run handles together, and in what main read and said before', () => {
    let reached = 0;
    const said = fc.record({ label: hostileText.map(marked), text: hostileText.map(marked) });
    const cases = fc.record({
      templates: fc.array(template, { minLength: 1, maxLength: 2 }),
      events: fc.array(event, { minLength: 2, maxLength: 3 }),
      conversation: fc.array(said, { minLength: 1, maxLength: 4 }),
    });
    holds(cases, 500, ({ templates, events, conversation }) => {
      const all = events.map((from, at) => {
        const mapping = mappingOf({ messageTemplate: templates[at % templates.length] ?? 'x' });
        const [action] = mapping.act(contextOf(from), from.body) as Action[];
        return { mapping, ...promptOf(mapping, from, action) };
      });
      const [first, ...joined] = all;
      if (!first) throw new Error('no event');
      const { mapping, message, resolve } = first;
      const { id: hook, policy } = mapping;
      const prompt = hookPrompt({ hook, policy, action: { message }, resolve, joined, conversation });
      const apart = prompt.includes('\n\nTASK\nevent[1]:\n');
      const frame = frameOf(mapping, { joined: joined.map((_, at) => (apart ? `other ${at}` : 'x')), conversation });
      const { task, data, reached: now } = checkFence(prompt, frame);
      for (const { label, text } of conversation) if (data.get(label) !== text) throw new Error(`lost: ${label}`);
      const numbers = all.map((_, at) => `${at === 0 ? '' : '\n\n'}event[${at + 1}]:\n`);
      if (apart) {
        const tasks = all.map((one, at) => numbers[at] + plain(one.message, one.resolve));
        const pieces = piecesOf(task, new RegExp(`^event\\[\\d\\]\\.${ownersPath.source.slice(1)}`), numbers);
        expectText(pieces, (path) => data.get(path), tasks.join(''));
      } else {
        for (const [at, one] of all.entries()) {
          const shownAs = (path: string) => data.get(`event[${at + 1}].${path}`);
          expectText(piecesOf(task, ownersPath), shownAs, plain(one.message, one.resolve));
        }
      }
      reached += now;
    });
    expect(reached).toBeGreaterThan(12_000);
  });

  it('in a value whose path, or the name of whose hook, is a sender’s', () => {
    const short = hostileText.map((text) => text.slice(0, 90));
    holds(fc.tuple(short, short), 2000, ([path, hook]) => {
      const said = { message: ['Look at ', { path }], resolve: () => 'v' };
      const { outside, data } = parseFenced(hookPrompt({ hook, policy: usualPolicy, action: said, ...said }));
      expect(data).toEqual([[path, 'v']]);
      const [, tag, label] = /^\[webhook:(\S*)\]\n.*\n\nTASK\nLook at \{\{(\S*)\}\}\n\nDATA\n…\n/u.exec(outside) ?? [];
      expect([JSON.parse(`"${tag}"`), JSON.parse(`"${label}"`)]).toEqual([hook, path]);
      const two = parseFenced(hookPrompt({ hook, policy: usualPolicy, action: said, ...said, joined: [said] }));
      expect(two.data).toEqual([1, 2].map((number) => [`event[${number}].${path}`, 'v']));
    });
  });
});

describe('what is printed beside a run', () => {
  it('is one line and never blank, whatever its name, session key and recipient are made of', () => {
    let made = 0;
    const sent = fc.record({ name: hostileText, sessionKey: hostileText, to: hostileText, hook: hostileText });
    const rule = { messageTemplate: 'x', name: '{{name}}', sessionKey: '{{sessionKey}}', to: '{{to}}' };
    const mappings = [
      agent,
      mappingOf(rule),
      mappingOf({ messageTemplate: 'x', sessionKey: 'hook:{{sessionKey}}', to: 'to {{to}}' }),
    ];
    holds(sent, 2000, ({ hook, ...fields }) => {
      const body = Buffer.from(JSON.stringify({ ...fields, message: 'x' }));
      const from = { body, hook, endpoint: 'hooks' as const, headers: {}, query: {}, receivedAt: 0 };
      for (const mapping of mappings) {
        const [action] = valid(() => mapping.act(contextOf(from), body) as Action[]);
        if (!action) continue;
        promptOf(mapping, from, action);
        made += 1;
      }
    });
    expect(made).toBeGreaterThan(3000);
  });

  it('is one line and never blank where a transform says it', async () => {
    let made = 0;
    const fields = fc.record({ name: hostileText, sessionKey: hostileText, to: hostileText }, { requiredKeys: [] });
    await holdsAsync(fc.tuple(fields, hostileText), 2000, async ([returned, hook]) => {
      const body = Buffer.from('{}');
      const from = { body, hook, endpoint: 'hooks' as const, headers: {}, query: {}, receivedAt: 0 };
      const run = async () => valid(() => [patchOf('a.ts', returned, {})]);
      const mapping = mappingOf({ transform: { module: 'a.ts' }, messageTemplate: 'x' }, { transforms: { run } });
      const [action] = await Promise.resolve(mapping.act(contextOf(from), body)).then((all) => all ?? [], invalid);
      if (!action) return;
      promptOf(mapping, from, action);
      made += 1;
    });
    expect(made).toBeGreaterThan(500);
  });
});

describe('what would switch safety off', () => {
  it.each(Object.keys(safetySwitches))(
    'changes nothing as the field %s of a payload, and fails a transform',
    (field) => {
      const body = Buffer.from(JSON.stringify({ ...safetySwitches, message: 'x' }));
      const from: StoredEvent = {
        body,
        hook: 'agent',
        endpoint: 'hooks' as const,
        headers: {},
        query: {},
        receivedAt: 0,
      };
      for (const mapping of [agent, mappingOf({ messageTemplate: '{{message}}' })]) {
        const [action] = mapping.act(contextOf(from), body) as Action[];
        expect(mapping.policy).toEqual(usualPolicy);
        expect(action).not.toHaveProperty(field);
        checkRequest(promptOf(mapping, from, action).prompt, mapping, { message: 'x' });
      }
      const value = Object.entries(safetySwitches).find(([key]) => key === field)?.[1];
      expect(() => patchOf('a.ts', { [field]: value }, {})).toThrow(TransformError);
      expect(() => patchOf('a.ts', {}, { [field]: ['x'] })).toThrow(TransformError);
    },
  );
});

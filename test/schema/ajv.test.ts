import { describe, expect, it } from '@jest/globals';
import { type TSchema, Type } from 'typebox';
import { agentPayloadSchema, wakePayloadSchema } from '../../src/mapping/settings/action-schema.ts';
import { presetSchema } from '../../src/mapping/settings/mapping-schema.ts';
import { compileSchema } from '../../src/schema/ajv.ts';
import { describeProblem } from '../../src/schema/problem.ts';

function problemsOf(schema: TSchema, value: unknown): string[] {
  const checked = compileSchema(schema)(value);
  return checked.ok ? [] : checked.problems.map(describeProblem);
}

describe('what is wrong with a payload is said in words', () => {
  it.each<[string, unknown, string[]]>([
    ['no message', {}, ['message: missing; expected a non-blank string']],
    ['a blank one', { message: ' ' }, ['message: expected a non-blank string, found " "']],
    ['a number', { message: 5 }, ['message: expected a non-blank string, found 5']],
    ['no object', [1], ['expected an object with message, found a list']],
    ['nothing', null, ['expected an object with message, found null']],
    [
      'a time limit as text',
      { message: 'x', timeoutSeconds: '5' },
      ['timeoutSeconds: expected an integer from 1 to 86400, found "5"'],
    ],
    ...[0, -1, 1e9, 1.5].map((timeoutSeconds): [string, unknown, string[]] => [
      `a time limit of ${timeoutSeconds}`,
      { message: 'x', timeoutSeconds },
      [`timeoutSeconds: expected an integer from 1 to 86400, found ${timeoutSeconds}`],
    ]),
    [
      'everything at once',
      { message: {}, name: 'n'.repeat(201), model: '', deliver: 'no' },
      [
        'message: expected a non-blank string, found an object',
        'model: expected a non-blank string, found ""',
        'deliver: expected true or false, found "no"',
        `name: expected a non-blank string of at most 200 characters, found "${'n'.repeat(39)}…" (201 characters)`,
      ],
    ],
  ])('%s', (_title, payload, problems) => {
    expect(problemsOf(agentPayloadSchema, payload)).toEqual(problems);
  });

  it('a value that no choice allows is told with all that are allowed', () => {
    expect(problemsOf(wakePayloadSchema, { text: 'x', mode: 'bogus' })).toEqual([
      'mode: expected one of now, next-heartbeat, found "bogus"',
    ]);
  });
});

describe('secrets are not shown', () => {
  const schema = Type.Object({ value: Type.Optional(Type.Integer()), apiKey: Type.Optional(Type.Integer()) });
  it.each<[unknown, string]>([
    [{ apiKey: 'short' }, 'apiKey: expected an integer, found a string (not shown)'],
    [{ apiKey: '' }, 'apiKey: expected an integer, found ""'],
    [{ value: 'postgres://me:pw@host/db' }, 'value: expected an integer, found a string (not shown)'],
    [{ value: '9f86d081884c7d659a2feaa0' }, 'value: expected an integer, found a string (not shown)'],
    [{ value: 'anthropic/claude-sonnet' }, 'value: expected an integer, found "anthropic/claude-sonnet"'],
  ])('in %j', (value, problem) => {
    expect(problemsOf(schema, value)).toEqual([problem]);
  });
});

describe('a good value', () => {
  it('comes back as it is, with the fields that the schema does not know', () => {
    const payload = { message: 'x', colour: 'red' };
    const checked = compileSchema(agentPayloadSchema)(payload);
    expect(checked.ok && checked.value).toBe(payload);
    expect(payload).toEqual({ message: 'x', colour: 'red' });
  });

  it('gets the defaults of what is not optional, at any depth, where that is asked for', () => {
    const inner = Type.Object({ a: Type.Integer({ default: 1 }), b: Type.Optional(Type.Integer({ default: 2 })) });
    const schema = Type.Object({ inner: Type.Object(inner.properties, { default: {} }), list: Type.Array(inner) });
    expect(compileSchema(schema, { defaults: true })({ list: [{}] })).toEqual({
      ok: true,
      value: { inner: { a: 1 }, list: [{ a: 1 }] },
    });
  });

  it('of a preset may hold any body as a sample', () => {
    const sample = { headers: { 'x-event': 'push' }, body: [1, null] };
    const preset = { description: 'x', mappings: [{ match: { path: 'x' } }], samples: { push: sample } };
    expect(problemsOf(presetSchema, preset)).toEqual([]);
    expect(problemsOf(presetSchema, { ...preset, mappings: [] })).toEqual([
      'mappings: expected a list, not empty, found an empty list',
    ]);
  });
});

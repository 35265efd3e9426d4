import { describe, expect, it } from '@jest/globals';
import { safeSchemaOf } from '../../../src/agent/tools/tool-schema.ts';

const text = { type: 'string' };

describe('the input schema of a tool', () => {
  it('stays as it is where every API takes it', () => {
    const schema = {
      type: 'object',
      properties: { city: text, at: { $ref: '#/$defs/at' }, properties: { anyOf: [text, { type: 'null' }] } },
      required: ['city'],
      $defs: { at: { type: 'string', enum: ['now', 'a b'] } },
    };
    const safe = safeSchemaOf(schema);
    expect(safe).toMatchObject({ schema, note: '' });
    expect(safe.schema).toEqual(schema);
    const input = { city: 'Oslo' };
    expect(safe.restore(input)).toBe(input);
  });

  it('says that it describes an object, also where it said nothing', () => {
    expect(safeSchemaOf({}).schema).toEqual({ type: 'object', properties: {} });
    expect(safeSchemaOf({ properties: { a: text } }).schema).toEqual({ type: 'object', properties: { a: text } });
  });

  it.each(['anyOf', 'oneOf'])(
    'has the properties of all alternatives of a %s at its top, and requires what all do',
    (word) => {
      const { schema, note } = safeSchemaOf({
        type: 'object',
        [word]: [{ properties: { id: text, how: text }, required: ['how', 'id'] }, { $ref: '#/$defs/named' }],
        $defs: {
          named: { type: 'object', properties: { name: text, how: { type: 'number' } }, required: ['name', 'how'] },
        },
      });
      expect(schema).toMatchObject({
        type: 'object',
        properties: { id: text, name: text, how: { anyOf: [text, { type: 'number' }] } },
        required: ['how'],
      });
      expect(schema).not.toHaveProperty(word);
      expect(note).toBe('Of its input give one of these: how, id; or name, how.');
    },
  );

  it('requires all that the parts of an allOf require', () => {
    const parts = [
      { properties: { a: text }, required: ['a'] },
      { properties: { b: text }, required: ['b'] },
    ];
    expect(safeSchemaOf({ allOf: parts, properties: { c: text }, required: ['c'] }).schema).toEqual({
      type: 'object',
      properties: { c: text, a: text, b: text },
      required: ['c', 'a', 'b'],
    });
  });

  it('has safe names for properties, on any level, and input gets the old ones back', () => {
    const deep = { type: 'object', properties: { 'a b': text }, required: ['a b'] };
    const { schema, restore } = safeSchemaOf({
      type: 'object',
      properties: { 'filter[name]': text, list: { type: 'array', items: deep }, ['x'.repeat(80)]: text },
      required: ['filter[name]'],
    });
    const names = [...JSON.stringify(schema).matchAll(/"([^"]+)":\{/g)].map(([, name]) => name ?? '');
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_.-]{1,64}$/);
    const { properties, required } = schema as unknown as {
      properties: { list: { items: { required: string[] } } };
      required: string[];
    };
    const [filter = ''] = required;
    const [inner = ''] = properties.list.items.required;
    expect(properties).toHaveProperty([filter], { type: 'string', description: 'filter[name]' });
    expect(restore({ [filter]: 'x', list: [{ [inner]: 1 }], other: null })).toEqual({
      'filter[name]': 'x',
      list: [{ 'a b': 1 }],
      other: null,
    });
  });

  it('is refused where it describes no object, or is too large or too deep', () => {
    const nest = (depth: number): object => (depth === 0 ? {} : { type: 'object', properties: { a: nest(depth - 1) } });
    const refused: [unknown, string][] = [
      [undefined, 'is no object'],
      [[], 'is no object'],
      [{ type: 'string' }, 'describes no object'],
      [{ anyOf: [{ type: 'array' }] }, 'describes no object'],
      [nest(100), 'nested more than 60 deep'],
      [{ description: 'x'.repeat(60_000) }, 'more than 50,000 characters'],
    ];
    for (const [schema, why] of refused) expect(() => safeSchemaOf(schema)).toThrow(why);
    expect(() => safeSchemaOf(nest(20))).not.toThrow();
  });
});

import { describe, expect, it } from '@jest/globals';
import { readPayload } from '../../../src/domain/payload/read-payload.ts';
import { compilePayloadSchema } from '../../../src/mapping/payload/schema.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const deploy = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  definitions: { version: { type: 'string', maxLength: 5 } },
  properties: {
    service: { enum: ['shop', 'mail'] },
    version: { $ref: '#/definitions/version' },
    at: { type: 'string', format: 'date-time' },
    kind: { const: 'deploy' },
    by: { type: 'object', properties: { name: { type: ['string', 'null'] } }, required: ['name'] },
  },
  required: ['service', 'version'],
  additionalProperties: false,
};
const good = { service: 'shop', version: '1.2' };

describe('a schema of the owner', () => {
  const check = compilePayloadSchema(deploy);

  it.each([good, { ...good, at: '2026-02-03T04:05:06Z', by: { name: null }, kind: 'deploy' }])(
    'takes what fits: %j',
    (payload) => {
      expect(check(payload)).toEqual([]);
    },
  );

  it.each([
    [{ service: 'shop' }, ['version: missing']],
    [{}, ['service: missing', 'version: missing']],
    [[], ['must be object']],
    [{ ...good, service: 'bank' }, ['service: must be equal to one of the allowed values: "shop", "mail"']],
    [{ ...good, version: 'far too long' }, ['version: must NOT have more than 5 characters']],
    [{ ...good, at: 'yesterday' }, ['at: must match format "date-time"']],
    [{ ...good, kind: 'other' }, ['kind: must be equal to constant "deploy"']],
    [{ ...good, by: {} }, ['by.name: missing']],
    [{ ...good, by: { name: 7 } }, ['by.name: must be string,null']],
    [{ ...good, more: 1 }, ['must NOT have additional properties: "more" is not declared']],
  ])('says everything that is wrong with %j', (payload, problems) => {
    expect(check(payload)).toEqual(problems);
  });

  it('never repeats a value, and a long name only in part', () => {
    const secret = 'x'.repeat(1500);
    const lines = check({ service: secret, version: secret, [secret]: 1 });
    expect(lines).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(150);
  });

  it('has at most twenty complaints about one payload', () => {
    const numbers = compilePayloadSchema({ items: { type: 'number' } });
    expect(numbers(Array.from({ length: 1000 }, () => 'no'))).toHaveLength(20);
  });

  it.each([
    ['{"required":["constructor"]}', '{}', ['constructor: missing']],
    ['{"required":["__proto__"]}', '{}', ['__proto__: missing']],
    ['{"required":["toString"]}', '{"toString":"x"}', []],
    ['{"properties":{"constructor":{"type":"string"}}}', '{}', []],
    ['{"properties":{"valueOf":{"type":"string"}}}', '{"valueOf":5}', ['valueOf: must be string']],
    ['{"minProperties":1}', '{}', ['must NOT have fewer than 1 properties']],
    ['{"dependencies":{"hasOwnProperty":["a"]}}', '{}', []],
  ])('%s looks at what was sent alone: %s', (schema, payload, problems) => {
    expect(compilePayloadSchema(JSON.parse(schema))(JSON.parse(payload))).toEqual(problems);
  });

  it.each([
    ['{"type":"integer"}', '8202522731445525542', []],
    ['{"type":"number","maximum":20}', '19.90', []],
    ['{"type":"number","maximum":19}', '19.90', ['must be <= 19']],
    ['{"type":"number"}', '1e400', []],
    ['{"type":"string"}', '8202522731445525542', ['must be string']],
  ])('%s takes a number for what it is: %s', (schema, number, problems) => {
    const { payload } = readPayload(Buffer.from(number), {});
    expect(compilePayloadSchema(JSON.parse(schema))(payload)).toEqual(problems);
  });

  it.each([
    [
      { properties: { a: { format: 'emial' } } },
      /unknown format "emial" at \/properties\/a; known are .*\bemail\b.*\buuid\b/,
    ],
    [{ items: { format: 'iri' } }, /unknown format "iri"/],
    [{ requried: ['a'] }, /"requried" restricts nothing: unknown key; did you mean "required"\?/],
    [{ properties: { a: { maxlength: 5 } } }, /did you mean "maxLength"\?/],
    [{ allOf: [{ mustBe: 5 }] }, /"mustBe" restricts nothing/],
  ])('that would restrict nothing is refused: %j', (schema, message) => {
    expect(() => compilePayloadSchema(schema)).toThrow(message);
  });

  it('may say things to people and other tools', () => {
    const schema = {
      title: 'A',
      description: 'B',
      example: 1,
      'x-owner': 'me',
      properties: { a: { 'x-b': 1, default: 2 } },
    };
    expect(compilePayloadSchema(schema)({})).toEqual([]);
  });

  it('tells of a large payload the first problem alone', () => {
    const numbers = compilePayloadSchema({ items: { type: 'number' } });
    expect(numbers(Array.from({ length: 100_000 }, () => 'no'))).toEqual(['[0]: must be number']);
    const short = compilePayloadSchema({ properties: { a: { type: 'string', maxLength: 5, pattern: '^(a+)+$' } } });
    expect(short({ a: `${'a'.repeat(10_000)}!` })).toEqual(['a: must NOT have more than 5 characters']);
  });

  it('that is none is refused', () => {
    expect(() => compilePayloadSchema({ type: 'text' })).toThrow(/type/);
    expect(() => compilePayloadSchema({ $ref: '#/definitions/nowhere' })).toThrow(/nowhere/);
  });
});

describe('a mapping with a schema', () => {
  const loading = tempGateway({
    hooks: {
      mappings: [
        { id: 'deploy', match: { path: 'deploy', payload: { kind: null } }, schema: deploy, messageTemplate: 'Look.' },
        { id: 'other', match: { path: 'deploy' }, messageTemplate: 'Something else.', deliver: false },
      ],
    },
  });

  it('answers 400 with the reasons, records them, and starts no run', async () => {
    const gateway = await loading;
    const { status, body } = await gateway.post('deploy', { service: 'bank' });
    expect(status).toBe(400);
    expect(body).toEqual({
      ok: false,
      code: 'invalid',
      error: 'validation failed',
      details: ['version: missing', 'service: must be equal to one of the allowed values: "shop", "mail"'],
      eventId: expect.any(String),
    });
    const { event } = (await gateway.api('GET', `/events/${body.eventId}`)).body;
    expect(event).toMatchObject({ outcome: 'invalid', mapping: 'deploy', status: 400 });
    expect(event.detail).toContain('version: missing');
    expect((await gateway.get('runs/stats')).body.stats.total).toBe(0);
  });

  it('takes what fits, and leaves to others what does not match', async () => {
    const gateway = await loading;
    expect((await gateway.post('deploy', good)).status).toBe(202);
    expect((await gateway.post('deploy', { kind: 'other' })).status).toBe(202);
  });
});

describe('numbers of a schema', () => {
  const check = (schema: object, json: string) =>
    compilePayloadSchema({ properties: { a: schema } })(readPayload(Buffer.from(json), {}).payload);

  it.each([
    ['19.9', 0.01],
    ['19.90', 0.01],
    ['123456789.12', 0.01],
    ['0.3', 0.1],
    ['-4.35', 0.05],
    ['1e300', 10],
    ['0', 0.01],
    ['1e-7', 1e-8],
  ])('take %s as a multiple of %d', (value, multipleOf) => {
    expect(check({ multipleOf }, `{"a":${value}}`)).toEqual([]);
  });

  it.each([
    ['19.905', 0.01],
    ['123456789.123', 0.01],
    ['7', 2],
    ['1e-9', 1e-8],
  ])('do not take %s as a multiple of %d', (value, multipleOf) => {
    expect(check({ multipleOf }, `{"a":${value}}`)).toEqual([`a: must be multiple of ${multipleOf}`]);
  });

  it.each([
    '[8202522731445525542,8202522731445525543]',
    '[{"id":8202522731445525542},{"id":8202522731445525543}]',
    '[1,"1",true,"true",null,[1],{"a":1}]',
    '[]',
  ])('that differ in any digit are no duplicates: %s', (list) => {
    expect(check({ uniqueItems: true }, `{"a":${list}}`)).toEqual([]);
    expect(
      check({ uniqueItems: true, items: { type: 'number' } }, '{"a":[8202522731445525542,8202522731445525543]}'),
    ).toEqual([]);
  });

  it.each([
    '[1,1.0]',
    '[0,8202522731445525542,8202522731445525542]',
    '[{"a":1,"b":2},{"b":2,"a":1}]',
    '[10,1e1]',
    '["x","x"]',
  ])('that are the same are duplicates: %s', (list) => {
    expect(check({ uniqueItems: true }, `{"a":${list}}`)).toEqual([
      expect.stringMatching(/^a: must NOT have duplicate items/),
    ]);
    expect(check({ uniqueItems: false }, `{"a":${list}}`)).toEqual([]);
  });

  // They would be billions of pairs.
  it('are compared in time that grows with how many there are', () => {
    const list = `[${Array.from({ length: 100_000 }, (_, at) => `{"id":${at}}`)}]`;
    expect(check({ uniqueItems: true }, `{"a":${list}}`)).toEqual([]);
  });

  it.each([
    [{ properties: { id: { const: 2 ** 62 } } }, 'properties.id.const'],
    [{ properties: { id: { enum: [1, 2 ** 53] } } }, 'properties.id.enum.1'],
    [{ items: { const: { deep: [2 ** 53] } } }, 'items.const.deep.0'],
    [{ allOf: [{ maximum: 1e18 }] }, 'allOf.0.maximum'],
    [{ exclusiveMinimum: -(2 ** 53) }, 'exclusiveMinimum'],
  ])('that lost digits when they were read are refused, with their place: %j', (schema, place) => {
    expect(() => compilePayloadSchema(schema)).toThrow(`${place} is a number beyond 9007199254740991`);
  });

  it.each([
    { const: 9007199254740991 },
    { maximum: -9007199254740991 },
    { default: 1e18 },
    { const: '8202522731445525542' },
  ])('that have all their digits are taken: %j', (schema) => {
    expect(() => compilePayloadSchema(schema)).not.toThrow();
  });
});

import { describe, expect, it } from '@jest/globals';
import { compilePayloadSchema } from '../../src/mapping/payload-schema.ts';
import { tempGateway } from '../support/temp-gateway.ts';

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
    const secret = 'x'.repeat(5000);
    const lines = check({ service: secret, version: secret, [secret]: 1 });
    expect(lines).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(150);
  });

  it('has at most twenty complaints about one payload', () => {
    const numbers = compilePayloadSchema({ items: { type: 'number' } });
    expect(numbers(Array.from({ length: 1000 }, () => 'no'))).toHaveLength(20);
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

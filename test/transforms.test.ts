import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from './support/eventually.ts';
import { tempGateway } from './support/temp-gateway.ts';

/** A gateway whose hook `shop` goes through a module of this source. */
async function gatewayWith(source: string, env = '') {
  const mappings = [{ id: 'orders', match: { path: 'shop' }, deliver: false, transform: { module: 'shop.ts' } }];
  return tempGateway({ hooks: { mappings } }, (dir) => {
    fs.mkdirSync(path.join(dir, 'transforms'));
    fs.writeFileSync(path.join(dir, 'transforms/shop.ts'), source);
    fs.writeFileSync(path.join(dir, '.env'), env);
  });
}

describe('a gateway with transforms', () => {
  it('records and logs why one failed, by file and line, without the payload', async () => {
    const gateway = await gatewayWith(`interface Order {
  items?: string[];
}

export default ({ payload }: { payload: Order }) => {
  console.log('an order');
  return { message: payload.items!.join() };
};`);
    const { status, body } = await gateway.post('shop', { card: 'card-4929-1234', items: null });
    expect(status).toBe(500);
    const {
      body: { event },
    } = await gateway.api('GET', `/events/${body.eventId}`);
    const place = `(${path.join(gateway.dir, 'transforms/shop.ts')}:7)`;
    const reason = `transform shop.ts: Cannot read properties of null (reading 'join') ${place}`;
    expect(event).toMatchObject({ outcome: 'failed', detail: reason, mapping: 'orders' });

    const about = { transform: 'shop.ts', eventId: body.eventId, hook: 'shop', mapping: 'orders' };
    const lines = await eventually(() => {
      const found = gateway.logs.filter(({ transform }) => transform === 'shop.ts');
      return found.length === 2 ? found : undefined;
    });
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: `failed: ${reason}`, ...about }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 30, msg: 'an order', ...about }));
    expect(JSON.stringify(gateway.logs)).not.toContain('card-4929');
  });

  it('lets them see .env, and its edits', async () => {
    const source = 'export default () => ({ message: "x", name: process.env.SHOP_NAME });';
    const gateway = await gatewayWith(source, 'SHOP_NAME=Corner\n');
    const nameNow = async () => {
      const { body } = await gateway.post('shop', {});
      return (await gateway.ended(body.runId)).name;
    };
    expect(await nameNow()).toBe('Corner');
    fs.writeFileSync(path.join(gateway.dir, '.env'), 'SHOP_NAME=Market\n');
    expect(await gateway.gimli.reload()).toBe(true);
    expect(await nameNow()).toBe('Market');
  });

  it('gives them a payload whose odd names are names and nothing else', async () => {
    const source = `export default ({ payload }) => ({
      message: 'x',
      name: [Object.hasOwn(payload, '__proto__'), payload.admin, payload.a.constructor, ({}).admin].join(' '),
    });`;
    const gateway = await gatewayWith(source);
    const { body } = await gateway.post('shop', '{"__proto__":{"admin":true},"a":{"constructor":"c"}}');
    expect((await gateway.ended(body.runId)).name).toBe('true c');
  });
});

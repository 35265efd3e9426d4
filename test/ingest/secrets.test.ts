import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { gatewayToken, hookToken } from '../support/gateway.ts';
import { startModel } from '../support/model.ts';
import { tempGateway } from '../support/temp-gateway.ts';

/** Everything that proves who somebody is, by the header that carries it. */
const secrets = {
  Cookie: 'session=cookie-secret-1',
  'Proxy-Authorization': 'Basic proxy-secret-2',
  'X-Gitlab-Token': 'gitlab-secret-3',
  'X-Api-Key': 'key-secret-4',
  'X-Auth-Secret': 'auth-secret-5',
  'X-Forwarded-Access-Token': 'forwarded-secret-6',
};
const presented = [hookToken, gatewayToken, 'wrong-guess-of-a-token', ...Object.values(secrets)];
const headerNames = ['authorization', 'x-gimli-token', ...Object.keys(secrets).map((name) => name.toLowerCase())];

const model = await startModel();
const gateway = await tempGateway(
  {
    agents: model.agents,
    hooks: {
      mappings: [
        {
          match: { path: 'nosy' },
          messageTemplate: `${headerNames.map((name) => `[{{headers.${name}}}]`).join('')} [{{query.token}}] [{{headers.x-harmless}}] [{{query.a}}]`,
          deliver: false,
        },
        {
          match: { path: 'nosier' },
          transform: { module: 'tell-all.js' },
          deliver: false,
        },
        { match: { path: 'never', headers: { authorization: { regex: '.' } } }, messageTemplate: 'x' },
      ],
    },
  },
  (dir) => {
    fs.mkdirSync(path.join(dir, 'transforms'));
    const source = 'export default ({ headers, query }) => ({ message: JSON.stringify({ headers, query }) });';
    fs.writeFileSync(path.join(dir, 'transforms', 'tell-all.js'), source);
  },
);

it('what proves a caller reaches neither prompt, match, transform, log, /api nor the store', async () => {
  const harmless = { 'X-Harmless': 'a-harmless-header' };
  const ids: string[] = [];
  for (const hook of ['nosy', 'nosier']) {
    for (const query of ['?a=harmless-query', `?a=harmless-query&token=${hookToken}`]) {
      const { status, body } = await gateway.post(hook + query, { a: 1 }, { ...secrets, ...harmless });
      expect(status).toBe(202);
      ids.push(body.runId);
    }
    const byHeader = { ...secrets, ...harmless, Authorization: '', 'X-Gimli-Token': hookToken };
    ids.push((await gateway.post(`${hook}?a=harmless-query`, {}, byHeader)).body.runId);
  }
  // Events that led to no action, and callers without a good token.
  expect((await gateway.post('never', {}, secrets)).status).toBe(204);
  expect((await gateway.post('nobody', {}, secrets)).status).toBe(404);
  await gateway.post('wake?token=wrong-guess-of-a-token', {}, { Authorization: 'Bearer wrong-guess-of-a-token' });
  await gateway.post('wake', '{"text": 5', secrets);

  const shown: unknown[] = [];
  for (const id of ids) shown.push(await gateway.ended(id));
  const { events } = (await gateway.api('GET', '/events?limit=100')).body;
  for (const { eventId } of events) shown.push((await gateway.api('GET', `/events/${eventId}`)).body);
  shown.push((await gateway.get('runs')).body);
  await gateway.stop();

  const data = path.join(gateway.dir, 'data');
  const stored = fs.readdirSync(data).map((file) => fs.readFileSync(path.join(data, file)));
  const places = {
    prompts: model.calls.map((call) => call.prompt).join('\n'),
    logs: JSON.stringify(gateway.logs),
    api: JSON.stringify(shown),
    store: Buffer.concat(stored).toString('latin1'),
  };
  for (const [place, text] of Object.entries(places)) {
    const found = presented.filter((secret) => text.includes(secret.replace(/^.* /, '')));
    expect({ place, found }).toEqual({ place, found: [] });
  }
  // What is no secret is there, so the search above looked in the right places.
  for (const place of [places.prompts, places.api, places.store]) {
    expect(place).toContain('a-harmless-header');
    expect(place).toContain('harmless-query');
  }
});

import { expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApi } from '../../../src/http/api/openapi.ts';
import { answerProblem } from '../../support/api-schema.ts';
import { gatewayToken } from '../../support/gateway.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

// A type, since an interface has no index signature.
type Document = {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { summary: string; parameters: { name: string; in: string }[] }>>;
};

const gateway = await tempGateway({ hooks: { path: '/in' } });
const response = await fetch(`${gateway.url}/api/openapi.json`, {
  headers: { Authorization: `Bearer ${gatewayToken}` },
});
const document = (await response.json()) as Document;

it('the document that the gateway serves is valid OpenAPI', async () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(openApi('/in'))));
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
});

it('what the hook token reads stands below the path that hooks have', () => {
  const paths = Object.keys(document.paths).filter((path) => !path.startsWith('/api/'));
  expect(paths).toContain('/in/runs/{id}');
  expect(paths.every((path) => path.startsWith('/in/'))).toBe(true);
});

it('a broken document is found to be none', async () => {
  expect((await new Validator().validate({ ...structuredClone(document), paths: { x: 1 } })).valid).toBe(false);
});

it('every operation says in a sentence what it is for, and names the parts of its path', () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { summary, parameters } of Object.values(operations)) {
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(parameters.flatMap(({ name, in: place }) => (place === 'path' ? [name] : []))).toEqual(parts);
    }
  }
});

it('every path of the document is there', async () => {
  for (const path of Object.keys(document.paths).filter((path) => path.startsWith('/api/'))) {
    for (const [method, { parameters }] of Object.entries(document.paths[path] ?? {})) {
      // What does something is asked for what is not there.
      if (method === 'post' && parameters.every(({ in: place }) => place !== 'path')) continue;
      const url = gateway.url + path.replace(/\{\w+\}/g, 'none');
      const away = new AbortController();
      const headers = { Authorization: `Bearer ${gatewayToken}` };
      const answer = await fetch(url, { method: method.toUpperCase(), headers, signal: away.signal });
      // One that goes on is there.
      const isStream = answer.headers.get('content-type') === 'text/event-stream';
      const body = isStream ? {} : ((await answer.json()) as { error?: string });
      away.abort();
      expect({ url, ...body }).not.toMatchObject({ error: 'not found' });
    }
  }
});

it('an answer with a field that no document names is found out, and one that lacks a field', () => {
  const alarms = { ok: true, alarms: [] };
  expect(answerProblem('/api', 'GET', '/alarms', alarms)).toBeNull();
  expect(answerProblem('/api', 'GET', '/alarms', { ...alarms, more: 1 })).toMatch('GET /api/alarms answers');
  expect(answerProblem('/api', 'GET', '/alarms', { ok: true })).toMatch('alarms');
});

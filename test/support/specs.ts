import fs from 'node:fs';
import path from 'node:path';
import type { Answer, TestGateway } from './gateway.ts';

/** The text of a spec file; JSON is YAML as well. */
export function specText(frontmatter: object, body = 'Look into it.'): string {
  const fields = Object.entries(frontmatter).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return ['---', ...fields, '---', '', body, ''].join('\n');
}

/** Writes `specs/<file>` below a folder. Returns its path. */
export function writeSpec(dir: string, file: string, frontmatter: object, body?: string): string {
  const target = path.join(dir, 'specs', file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, specText(frontmatter, body));
  return target;
}

/** A schema of the fields that are given, and of no others. */
export function closed(properties: object, required = Object.keys(properties)): object {
  return { type: 'object', required, properties, additionalProperties: false };
}

/** Calls `/hook/<slug>`; a string or Buffer goes as it is, anything else as JSON. */
export async function callSpec(
  url: string,
  token: string,
  slug: string,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/hook/${slug}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? (body as string) : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** The newest run of a spec, once it has ended. */
// biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the tests are about
export async function lastRunOf(gateway: TestGateway, id: string): Promise<any> {
  const { body } = await gateway.api('GET', `/runs?name=${id}&limit=1`);
  return gateway.ended(body.runs[0].runId);
}

/** The newest event. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export async function lastEvent(gateway: TestGateway): Promise<any> {
  const { body } = await gateway.api('GET', '/events?limit=1');
  return (await gateway.api('GET', `/events/${body.events[0].eventId}`)).body.event;
}

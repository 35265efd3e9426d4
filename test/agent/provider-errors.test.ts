import type http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Reply, Turn } from '../../src/agent/agent.ts';
import type { TurnError } from '../../src/domain/errors.ts';
import type { Trouble } from '../../src/domain/trouble.ts';
import { gateOf } from './gate-of.ts';
import { serve } from './model-server.ts';
import { type Api, apis } from './streamed-answers.ts';

let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

const json = { 'content-type': 'application/json' };
const sse = { 'content-type': 'text/event-stream' };
const key = 'sk-test-0123456789abcdef';

async function ask(api: Api, handler: http.RequestListener, turn: Partial<Turn> = {}): Promise<Reply> {
  strange = await serve(handler);
  const agent = api.create({ provider: 'p', baseURL: strange.url + api.base, apiKey: key });
  const signal = new AbortController().signal;
  return agent({ model: api.model, prompt: 'Hello', history: [], tools: [], signal, ...turn }).finally(strange.stop);
}
const failureOf = (api: Api, handler: http.RequestListener, turn: Partial<Turn> = {}): Promise<TurnError> =>
  ask(api, handler, turn).then(
    (reply) => Promise.reject(new Error(`answered: ${reply.text}`)),
    (error) => error,
  );
const says =
  (status: number, body: unknown, headers: http.OutgoingHttpHeaders = json): http.RequestListener =>
  (_, res) =>
    res.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const streams =
  (...events: readonly unknown[]): http.RequestListener =>
  (_, res) =>
    res.writeHead(200, sse).end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));

/** What vendors say, with the status under which they say it. */
const said: readonly [status: number, error: object, trouble: Trouble][] = [
  [
    400,
    { type: 'invalid_request_error', message: 'Your credit balance is too low to access the Anthropic API.' },
    'credit',
  ],
  [400, { type: 'invalid_request_error', message: 'You have reached your specified API usage limits.' }, 'credit'],
  [402, { message: 'Insufficient Balance', code: 'invalid_request_error' }, 'credit'],
  [402, { message: 'This request requires more credits, or fewer max_tokens.', code: 402 }, 'credit'],
  [403, { message: "Your newly created team doesn't have any credits yet." }, 'credit'],
  [
    429,
    { message: 'You exceeded your current quota.', type: 'insufficient_quota', code: 'insufficient_quota' },
    'credit',
  ],
  [429, { message: 'You exceeded your current quota, please check your plan and billing details.' }, 'credit'],
  [401, { type: 'authentication_error', message: 'invalid x-api-key' }, 'key'],
  [401, { message: 'Incorrect API key provided', code: 'invalid_api_key' }, 'key'],
  [400, { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' }, 'key'],
  [400, { message: 'This organization has been disabled.' }, 'key'],
  [403, { type: 'permission_error', message: 'Your API key may not do this' }, 'key'],
  [403, { code: 'unsupported_country_region_territory', message: 'Country not supported' }, 'key'],
  [429, { type: 'rate_limit_error', message: 'Number of requests has exceeded your limit' }, 'rate'],
  [429, { message: 'Quota exceeded: billing details. Please retry in 37.1s.', status: 'RESOURCE_EXHAUSTED' }, 'rate'],
  [429, { message: 'Rate limit reached: 3 / min. Add a payment method.', code: 'rate_limit_exceeded' }, 'rate'],
  [408, { message: 'Request timed out' }, 'outage'],
  [409, { message: 'Conflict' }, 'outage'],
  [425, { message: 'Too early' }, 'outage'],
  [500, { type: 'api_error', message: 'Internal server error' }, 'outage'],
  [502, { message: 'Provider returned error', code: 502 }, 'outage'],
  [503, { message: 'Loading model', type: 'unavailable_error' }, 'outage'],
  [529, { type: 'overloaded_error', message: 'Overloaded' }, 'outage'],
  [404, { type: 'not_found_error', message: 'model: claude-9' }, 'model'],
  [
    404,
    { message: 'The model `gpt-9` does not exist or you do not have access to it.', code: 'model_not_found' },
    'model',
  ],
  [400, { message: 'Model Not Exist', type: 'invalid_request_error' }, 'model'],
  [400, { message: 'foo/bar is not a valid model ID', code: 400 }, 'model'],
  [403, { message: 'Project does not have access to model `o9`', code: 'model_not_found' }, 'model'],
  [413, { type: 'request_too_large', message: 'Request exceeds the maximum size' }, 'size'],
  [413, { message: 'Request too large for model on tokens per minute', code: 'rate_limit_exceeded' }, 'size'],
  [400, { type: 'invalid_request_error', message: 'prompt is too long: 300000 tokens > 200000' }, 'size'],
  [400, { message: "This model's maximum context length is 8192 tokens", code: 'context_length_exceeded' }, 'size'],
  [400, { type: 'exceed_context_size_error', message: 'request (9000 tokens) exceeds it', code: 400 }, 'size'],
  [400, { message: 'The input token count (1200000) exceeds the maximum number of tokens allowed' }, 'size'],
  [400, { message: "triggered Azure OpenAI's content management policy", code: 'content_filter' }, 'refusal'],
  [400, { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' }, 'refusal'],
  [403, { message: 'The model requires moderation and your input was flagged', code: 403 }, 'refusal'],
  [400, { message: 'no', code: 'invalid_prompt' }, 'refusal'],
  [400, { type: 'invalid_request_error', message: 'messages: bad' }, 'request'],
  [422, { message: 'unprocessable' }, 'request'],
];

describe.each(apis)('of the api %s', (_, api) => {
  it.each(said)('HTTP %i with %j is trouble of the row "%s", streamed or not', async (status, error, trouble) => {
    for (const turn of [{}, { onText: () => {} }]) {
      const thrown = await failureOf(api, says(status, { type: 'error', error }), turn);
      expect(thrown).toMatchObject({ name: 'TurnError', trouble, gate: gateOf(trouble) });
      expect(thrown.message).toMatch(new RegExp(`^p/${api.model}: HTTP ${status}( [a-z_]+)?( \\(.*\\))?$`, 'i'));
      expect(thrown.said).toContain((error as { message: string }).message);
    }
  });

  // What says enough by itself, without its status.
  const telling = said.filter(([status, error]) => {
    const { code, type } = error as { code?: unknown; type?: unknown };
    return (
      typeof code === 'number' ||
      status === 529 ||
      /error$|exceeded|quota|not_found|filter|_key$/.test(`${type ?? ''}${code ?? ''}`)
    );
  });
  it.each(telling)('what HTTP %i says, %j, is the same under 200, whole and in a stream', async (_, error, trouble) => {
    const body = { type: 'error', error };
    expect(await failureOf(api, says(200, body))).toMatchObject({ trouble, gate: gateOf(trouble) });
    expect(await failureOf(api, says(200, body), { onText: () => {} })).toMatchObject({ trouble });
    const begun = api.hello.events.slice(0, -2);
    expect(await failureOf(api, streams(...begun, body), { onText: () => {} })).toMatchObject({
      trouble,
      gate: gateOf(trouble),
    });
  });

  it.each<[string, unknown, Trouble]>([
    ['words alone', { error: "model 'x' not found, try pulling it first" }, 'model'],
    ['a list', [{ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }], 'outage'],
    ['a detail', { detail: 'Invalid API key' }, 'key'],
    ['a message and no error', { message: 'Insufficient credits', code: 402 }, 'credit'],
    ['a page', '<h1>Unauthorized</h1>', 'key'],
    ['nothing', '', 'key'],
  ])('may be written as %s', async (_, body, trouble) => {
    const status = { model: 404, outage: 503, credit: 402 }[trouble as string] ?? 401;
    expect(await failureOf(api, says(status, body))).toMatchObject({ trouble, gate: gateOf(trouble) });
  });

  it('is what the provider behind a provider says', async () => {
    const raw = JSON.stringify({ error: { message: 'prompt is too long: 300000 tokens' } });
    const error = { code: 400, message: 'Provider returned error', metadata: { raw, provider_name: 'X' } };
    const thrown = await failureOf(api, says(400, { error }));
    expect(thrown).toMatchObject({ trouble: 'size', code: 'truncated' });
    expect(thrown.said).toContain('Provider returned error: prompt is too long');
  });

  it.each([
    'messages.0: unknown content: your credit balance is too low',
    'Invalid content "invalid api key, billing" at 7',
    'Invalid content … auth=Bearer sk-ant-api03-xyz apikey=1',
  ])('does not stop the provider because of what it quotes: %s', async (message) => {
    const error = { type: 'invalid_request_error', message };
    expect(await failureOf(api, says(400, { error }))).toMatchObject({ trouble: 'request', mayPassByItself: false });
  });

  it('is told in our own words, with its own apart', async () => {
    const error = { type: 'invalid_request_error', message: `Invalid content … Bearer ${key} of Ada` };
    for (const handler of [says(400, { error }), says(200, { error }), streams({ type: 'error', error })]) {
      const { message, said } = await failureOf(api, handler, { onText: () => {} });
      expect(said).toBe(error.message);
      expect(message).toMatch(/invalid_request_error \(the provider calls the request wrong\)$/);
    }
    const odd = { type: key, code: 'my dog ate it', message: 'Ada' };
    expect((await failureOf(api, says(503, { error: odd }))).message).toBe(
      `p/${api.model}: HTTP 503 (the provider cannot answer at the moment)`,
    );
  });

  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'Wed, 01 Jan 2020 00:00:00 GMT' }, 0],
    [{ 'retry-after': '-3' }, 0],
    [{ 'retry-after': 'soon' }, 0],
  ])('asks to wait by %j for %i ms', async (headers, retryAfterMs) => {
    for (const status of [401, 402, 429, 503]) {
      const error = { message: 'Later' };
      expect(await failureOf(api, says(status, { error }, { ...json, ...headers }))).toMatchObject({ retryAfterMs });
    }
  });

  it('is an outage where there is no connection, or it breaks', async () => {
    const dead = await serve(() => {});
    await dead.stop();
    const agent = api.create({ provider: 'p', baseURL: dead.url + api.base, apiKey: key });
    const signal = new AbortController().signal;
    await expect(agent({ model: 'm', prompt: 'Hello', history: [], tools: [], signal })).rejects.toMatchObject({
      trouble: 'outage',
      gate: 'p',
      message: 'p/m: no connection (ECONNREFUSED)',
    });
    const half: http.RequestListener = (_, res) => {
      res.writeHead(200, json).write('{"content":[', () => res.destroy());
    };
    expect(await failureOf(api, half)).toMatchObject({ trouble: 'outage', gate: 'p' });
    expect(await failureOf(api, says(200, '{"content":['))).toMatchObject({ trouble: 'outage' });
  });

  it.each([
    ['a page', says(200, '<html>', { 'content-type': 'text/html' })],
    ['JSON of something else', says(200, { hello: 'world' })],
    ['a number', says(200, '7')],
    ['nothing', says(200, '')],
    ['a redirect to nowhere', says(304, '')],
  ])('is an answer of something else where it is %s', async (_, handler) => {
    expect(await failureOf(api, handler)).toMatchObject({ trouble: 'answer', gate: 'p', code: 'provider' });
  });

  it.each([undefined, '', 'sk-käse'])('is for the owner to mend where the key is %j', async (apiKey) => {
    const agent = api.create({ provider: 'p', baseURL: 'http://127.0.0.1:1', apiKey });
    const signal = new AbortController().signal;
    await expect(agent({ model: 'm', prompt: 'Hello', history: [], tools: [], signal })).rejects.toMatchObject({
      code: 'provider',
      trouble: 'setup',
      gate: undefined,
      mayPassByItself: false,
    });
  });
});

import type http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Reply } from '../../../src/agent/agent.ts';
import type { Trouble } from '../../../src/domain/trouble.ts';
import { gateOf } from '../gate-of.ts';
import { serve } from '../model-server.ts';
import { type Api, apis, type Both, chunk, response, saying, stopped } from '../streamed-answers.ts';

let strange: Awaited<ReturnType<typeof serve>> | undefined;

afterEach(() => strange?.stop());

/** An answer that says "Hm" and ends for the reason. */
const ending: Readonly<Record<string, (reason: unknown) => Both>> = {
  anthropic: (stop_reason) => stopped({ stop_reason }),
  'openai-chat': (finish_reason) => ({
    whole: { choices: [{ index: 0, finish_reason, message: { role: 'assistant', content: 'Hm' } }] },
    events: [chunk({ content: 'Hm' }), chunk({}, finish_reason as string)],
  }),
};
const byReason = apis.filter(([name]) => name in ending);

async function from(api: Api, handler: http.RequestListener, onText?: (piece: string) => void): Promise<Reply> {
  strange = await serve(handler);
  const agent = api.create({ provider: 'p', baseURL: strange.url + api.base, apiKey: 'k' });
  const turn = { model: 'm', prompt: 'Hello', history: [], tools: [], signal: new AbortController().signal };
  return agent({ ...turn, onText }).finally(strange.stop);
}
const whole =
  (body: object): http.RequestListener =>
  (_, res) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const stream =
  (events: readonly object[]): http.RequestListener =>
  (_, res) =>
    res
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
const both = (api: Api, { whole: body, events }: Both): readonly (() => Promise<Reply>)[] => [
  () => from(api, whole(body)),
  () => from(api, stream(events), () => {}),
];

describe.each(byReason)('an answer of the api %s', (name, api) => {
  const ended = ending[name] as (reason: unknown) => Both;

  it.each(['stop', 'STOP', 'end_turn', 'tool_calls', 'tool_use', 'function_call', 'eos', 'eos_token', 'stop_sequence'])(
    'that ends with %s is whole',
    async (reason) => {
      for (const answer of both(api, ended(reason))) {
        const reply = await answer();
        expect(reply).toMatchObject({ text: 'Hm' });
        expect(reply).not.toHaveProperty('warning');
      }
    },
  );

  it.each<[Trouble, readonly string[]]>([
    [
      'cut',
      [
        'length',
        'LENGTH',
        'max_tokens',
        'MAX_TOKENS',
        'model_length',
        'max_output_tokens',
        'ERROR_LIMIT',
        'pause_turn',
      ],
    ],
    [
      'refusal',
      [
        'content_filter',
        'SAFETY',
        'RECITATION',
        'BLOCKLIST',
        'PROHIBITED_CONTENT',
        'SPII',
        'IMAGE_SAFETY',
        'FINISH_REASON_SAFETY',
        'sensitive',
        'guardrail_intervened',
      ],
    ],
    [
      'outage',
      ['error', 'ERROR', 'insufficient_system_resource', 'abort', 'OTHER', 'cancelled', 'network_error', 'timeout'],
    ],
    ['shape', ['MALFORMED_FUNCTION_CALL', 'unexpected_tool_call']],
    ['size', ['model_context_window_exceeded', 'context_length_exceeded']],
  ])('that ends badly is trouble of the row "%s"', async (trouble, reasons) => {
    for (const reason of reasons) {
      for (const answer of both(api, ended(reason))) {
        await expect(answer()).rejects.toMatchObject({ name: 'TurnError', trouble, gate: gateOf(trouble) });
      }
    }
  });

  it('that ends for a reason that nobody knows is taken, with a warning that names it', async () => {
    for (const answer of both(api, ended('solar_flare'))) {
      const warning = 'p/m: the model stopped for a reason that is not known (solar_flare)';
      expect(await answer()).toMatchObject({ text: 'Hm', warning });
    }
    const { whole: body } = ended('ignore all <b>');
    expect((await from(api, whole(body))).warning).toMatch(/not known \(no plain word\)$/);
    expect((await from(api, whole(ended(7).whole))).warning).toMatch(/not known \(no plain word\)$/);
  });

  it.each([null, undefined, ''])('that says %j of why it ended is taken with a warning, as a whole', async (reason) => {
    const { warning } = await from(api, whole(ended(reason).whole));
    expect(warning).toBe('p/m: the answer does not say why it ended');
  });
});

describe('a response', () => {
  const api = apis.find(([name]) => name === 'openai')?.[1] as Api;
  const ended = (more: object): Both => {
    const body = response({ output: [saying('Hm')], ...more });
    return { whole: body, events: [{ type: 'response.completed', response: body }] };
  };

  it.each<[object, object]>([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, { trouble: 'cut' }],
    [{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, { trouble: 'refusal' }],
    [{ status: 'incomplete', incomplete_details: { reason: 'solar_flare' } }, { trouble: 'cut' }],
    [{ status: 'incomplete', incomplete_details: null }, { trouble: 'cut' }],
    [{ status: 'cancelled' }, { trouble: 'outage' }],
    [{ status: 'in_progress' }, { trouble: 'outage' }],
    [{ status: 'failed', error: { code: 'server_error', message: 'Oops' } }, { trouble: 'outage' }],
    [{ status: 'failed', error: { code: 'insufficient_quota', message: 'Oops' } }, { trouble: 'credit' }],
    [{ status: 'failed', error: null }, { trouble: 'outage' }],
  ])('with %j is no reply: %j', async (more, expected) => {
    for (const answer of both(api, ended(more)))
      await expect(answer()).rejects.toMatchObject({
        ...expected,
        gate: gateOf((expected as { trouble: string }).trouble),
      });
  });

  it('of a status that nobody knows is taken with a warning', async () => {
    for (const answer of both(api, ended({ status: 'solar_flare' }))) {
      expect(await answer()).toMatchObject({ text: 'Hm', warning: expect.stringContaining('(solar_flare)') });
    }
  });
});

describe('an answer without a word', () => {
  it.each<[string, object]>([
    ['anthropic', { role: 'assistant', content: [], stop_reason: 'end_turn' }],
    ['anthropic', { role: 'assistant', content: null, stop_reason: 'end_turn' }],
    ['openai', response({ output: [] })],
    ['openai-chat', { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: null } }] }],
    ['openai-chat', { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: ' ' } }] }],
    ['openai-chat', { choices: [{ finish_reason: 'stop' }] }],
  ])('of the api %s has a warning: %j', async (name, body) => {
    const api = apis.find(([one]) => one === name)?.[1] as Api;
    expect(await from(api, whole(body))).toMatchObject({ warning: 'p/m: the model said nothing' });
  });

  it('of chat completions is a refusal where the reason says so', async () => {
    const api = apis.find(([name]) => name === 'openai-chat')?.[1] as Api;
    const body = { choices: [{ finish_reason: 'content_filter' }] };
    await expect(from(api, whole(body))).rejects.toMatchObject({ code: 'refusal', trouble: 'refusal' });
  });
});

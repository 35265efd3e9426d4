import type OpenAI from 'openai';
import { TurnError } from '../domain/errors.ts';
import type { Protocol } from './http-agent.ts';

/** Like Anthropic's SDK, it is loaded when it is needed. Loads once. */
export const loadOpenAI = () => import('openai');

/** The environment's organisation and project belong to the vendor's own API, and to no other server. */
const fromNowhere = { organization: null, project: null, adminAPIKey: null, webhookSecret: null };

/** What both of OpenAI's APIs have in common. */
export const openAIClient: Pick<Protocol<OpenAI, unknown, unknown>, 'baseURLIs' | 'connect'> = {
  baseURLIs: 'with /v1',
  async connect(options) {
    const { OpenAI } = await loadOpenAI();
    return new OpenAI({ ...options, ...fromNowhere });
  },
};

/** Not by the SDK's method for the API, which would copy each event, or stumble over an answer that is no object. */
export function askForStream<Event>(client: OpenAI, path: string, body: object, signal: AbortSignal) {
  return client.post<AsyncIterable<Event>>(path, { body: { ...body, stream: true }, stream: true, signal });
}

export function noAnswer(model: string, api: string): TurnError {
  return new TurnError('provider', `${model}: the answer is none of the ${api} API; check the provider's baseURL`);
}

export function refusal(model: string, reason: string | null | undefined): TurnError {
  return new TurnError('refusal', `${model}: the model refused (${reason || 'it gave no reason'})`);
}

export function cutOff(model: string, reason: string): TurnError {
  return new TurnError('truncated', `${model}: the reply was cut off (${reason})`);
}

import type { Protocol } from '../http/http-agent.ts';

/** Like Anthropic's SDK, it is loaded when it is needed. Loads once. */
export const loadOpenAI = () => import('openai');

/** The environment's organisation and project belong to the vendor's own API, and to no other server. */
const fromNowhere = { organization: null, project: null, adminAPIKey: null, webhookSecret: null };

/** What both of OpenAI's APIs have in common. */
export const openAIClient: Pick<Protocol<unknown>, 'baseURLIs' | 'connect'> = {
  baseURLIs: 'with /v1',
  async connect(options) {
    const { OpenAI } = await loadOpenAI();
    return new OpenAI({ ...options, ...fromNowhere });
  },
};

/** What the address of neither API may end in, and why. */
export const ending = [
  /\/(responses|chat\/completions)\/?$/,
  'ends in an endpoint, which the protocol adds by itself: end it before, mostly in /v1',
] as const;

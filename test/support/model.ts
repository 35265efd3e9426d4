import type { ChatMessage, FixtureResponse } from '@copilotkit/aimock';
import { atEnd } from './at-end.ts';
import { nativeAimock } from './native.ts';

interface ModelCall {
  /** the model's id without its provider */
  readonly model: string;
  /** the text of every message, oldest first */
  readonly messages: readonly string[];
  /** the last of them that is no result of a tool */
  readonly prompt: string;
  /** what the tools have answered since */
  readonly results: readonly string[];
}

export interface TestModel {
  readonly url: string;
  /** config in which this is the provider `anthropic` and the default model */
  readonly agents: { readonly defaults: object; readonly providers: { readonly anthropic: object } };
  /** what was asked, oldest first */
  readonly calls: readonly ModelCall[];
}

type Answer = string | FixtureResponse;

/** Makes each reply, or the error in its place; a promise holds the call open. */
export type Answers = (call: ModelCall) => Answer | Promise<Answer>;

/** aimock as the Anthropic API, until the tests of the file are over. */
export async function startModel(answer: Answers = () => 'Done.'): Promise<TestModel> {
  const calls: ModelCall[] = [];
  const { LLMock } = await nativeAimock();
  const mock = new LLMock({ port: 0 });
  mock.on({}, async ({ model, messages }) => {
    const texts = messages.map(textOf);
    const asked = messages.findLastIndex(({ role }) => role === 'user');
    const results = messages
      .slice(asked)
      .flatMap(({ role }, index) => (role === 'tool' ? (texts[asked + index] ?? '') : []));
    const call = { model, messages: texts, prompt: texts[asked] ?? '', results };
    calls.push(call);
    const reply = await answer(call);
    return typeof reply === 'string' ? { content: reply } : reply;
  });
  await mock.start();
  atEnd(() => mock.stop());
  return {
    url: mock.url,
    agents: {
      defaults: { model: 'anthropic/claude-haiku-5-5' },
      providers: { anthropic: { api: 'anthropic', baseURL: mock.url, apiKey: 'k' } },
    },
    calls,
  };
}

function textOf({ content }: ChatMessage): string {
  if (!Array.isArray(content)) return content ?? '';
  return content.map((part) => part.text ?? '').join('');
}

/** Calls of tools instead of a reply; the model is asked again with their results. */
export function toolCalls(...calls: (readonly [name: string, input: unknown])[]): FixtureResponse {
  return { toolCalls: calls.map(([name, input]) => ({ name, arguments: JSON.stringify(input) })) };
}

/** An error as the provider answers it. */
export function providerError(status: number, message: string): FixtureResponse {
  return { error: { message, type: 'api_error' }, status };
}

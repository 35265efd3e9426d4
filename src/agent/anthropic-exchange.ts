import type Anthropic from '@anthropic-ai/sdk';
import { TurnError } from '../domain/errors.ts';
import type { Turn } from './agent.ts';
import { checkInput, maxRounds, type Tool } from './tool.ts';

/** One message of the model. */
export type Message = Anthropic.Message | Anthropic.Beta.BetaMessage;

export interface Exchange extends Pick<Turn, 'tools' | 'signal'> {
  readonly request: Anthropic.MessageCreateParamsNonStreaming;
  /** provider/model, for messages */
  readonly model: string;
  /** told of each answer as it comes */
  readonly hear: (answer: Message) => void;
}

/**
 * Sends the request and, while the model calls tools, what follows from it. Gives every message after the prompt. Throws a
 * `TurnError` for an answer that is none, or that is not whole.
 */
export async function exchangeMessages(
  client: Anthropic,
  { request, model, tools, signal, hear }: Exchange,
): Promise<readonly unknown[]> {
  if (tools.length === 0) {
    const answer = await client.messages.create(request, { signal });
    hear(checkAnswer(answer, model));
    return [{ role: 'assistant', content: answer.content }];
  }
  const runner = client.beta.messages.toolRunner(
    // A thread would keep the messages on the vendor's server, and other servers cannot do that.
    { ...request, tools: tools.map(runnable), thread: false },
    { signal },
  );
  let rounds = 0;
  try {
    for await (const answer of runner) {
      hear(checkAnswer(answer, model));
      rounds += 1;
      if (answer.stop_reason === 'tool_use' && rounds === maxRounds) {
        throw new TurnError('tool-limit', `${model}: the model still called tools after ${maxRounds} rounds`);
      }
    }
  } catch (error) {
    // The runner looks into an answer before it hands it out, and stumbles over one that is no object.
    throw error instanceof TypeError ? noMessage(model) : error;
  }
  return runner.params.messages.slice(request.messages.length);
}

function runnable(tool: Tool) {
  const { name, description, inputSchema } = tool;
  return {
    name,
    description,
    input_schema: { ...inputSchema },
    parse: (input: unknown) => checkInput(tool, input),
    run: (input: unknown, context?: { signal?: AbortSignal | null | undefined }) =>
      tool.run(input, context?.signal ?? undefined),
  };
}

function checkAnswer<A extends Message>(answer: A, model: string): A {
  if (!Array.isArray(answer?.content)) throw noMessage(model);
  const { stop_reason: reason } = answer;
  if (reason === 'refusal') {
    const { explanation, category } = answer.stop_details ?? {};
    throw new TurnError('refusal', `${model}: the model refused (${explanation ?? category ?? 'it gave no reason'})`);
  }
  // A pause is the vendor's own tools at work, of which we ask for none.
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded' || reason === 'pause_turn') {
    throw new TurnError('truncated', `${model}: the reply was cut off (${reason})`);
  }
  return answer;
}

const noMessage = (model: string) =>
  new TurnError('provider', `${model}: the answer is no message of the Anthropic API; check the provider's baseURL`);

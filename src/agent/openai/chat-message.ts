import type OpenAI from 'openai';
import type { Usage } from '../../domain/run.ts';
import { type Fields, fieldsOf, isFields } from '../fields.ts';
import { argumentsIn, contentIn, countIn, countsOf, idIn, listIn, nameIn, objectIn } from '../http/answer-parts.ts';
import { checkEnd } from '../http/ends.ts';
import { type ModelAnswer, parsedInput } from '../http/tool-loop.ts';
import { failureIn } from '../trouble/failure.ts';
import { anErrorUnder200, noAnswer, refused, told } from '../trouble/provider-trouble.ts';

type CallParam = OpenAI.ChatCompletionMessageFunctionToolCall;

export function chatUsage(completion: unknown): Usage | undefined {
  const usage = countsOf(completion);
  return usage && { inputTokens: countIn(usage.prompt_tokens), outputTokens: countIn(usage.completion_tokens) };
}

/** Throws a `ProviderTrouble` for an answer that is none, or that is not whole. */
export function readCompletion(completion: unknown): ModelAnswer<OpenAI.ChatCompletionMessageParam> {
  const choices = fieldsOf(completion).choices;
  const choice = fieldsOf(Array.isArray(choices) ? choices[0] : undefined);
  const failure = failureIn(completion) ?? failureIn(choice);
  if (failure) throw told(failure, anErrorUnder200);
  // What was blocked may come without a message.
  if (!choice.message && !choice.finish_reason) throw noAnswer('chat completions');
  const message = objectIn(choice.message ?? {}, 'choices[0].message');
  const refusal = message.refusal || refusalIn(message.content);
  if (refusal) throw refused(refusal);
  const warning = checkEnd(choice.finish_reason);
  const content = contentIn(message.content, 'choices[0].message.content');
  const calls = callsIn(message);
  return {
    warning,
    // Reasoning, which servers put beside the content under various names, is not for sending back.
    messages: [{ role: 'assistant', content, ...(calls.length > 0 && { tool_calls: calls }) }],
    text: content,
    calls: calls.map(({ id, function: { name, arguments: input } }) => ({ id, name, input: () => parsedInput(input) })),
  };
}

function refusalIn(content: unknown): unknown {
  const part = Array.isArray(content) && content.find((one) => isFields(one) && one.type === 'refusal');
  return part && (part.refusal || 'refusal');
}

function callsIn({ tool_calls, function_call }: Fields): CallParam[] {
  const at = 'choices[0].message.tool_calls';
  const calls = listIn(tool_calls, at).map((call, index) => objectIn(call, `${at}[${index}]`));
  // The old form, for one call.
  if (calls.length === 0 && function_call) return [callIn({ function: function_call }, 'choices[0].message')];
  return calls.flatMap((call, index) =>
    (call.type || 'function') === 'function' ? callIn(call, `${at}[${index}]`) : [],
  );
}

function callIn(call: Fields, at: string): CallParam {
  const called = objectIn(call.function, `${at}.function`);
  return {
    id: idIn(call.id, `${at}.id`),
    type: 'function',
    function: {
      name: nameIn(called.name, `${at}.function.name`),
      arguments: argumentsIn(called.arguments, `${at}.function.arguments`),
    },
  };
}

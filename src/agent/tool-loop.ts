import { messageOf, TurnError } from '../domain/errors.ts';
import type { Usage } from '../domain/run.ts';
import type { Reply, Turn } from './agent.ts';
import type { Exchange } from './http-agent.ts';
import { checkInput, maxRounds, type Tool } from './tool.ts';

/** What a model says at once. */
export interface Answer {
  readonly text: string;
  readonly usage: Usage;
}

/** A tool that the model wants to be called. */
interface Call {
  readonly id: string;
  readonly name: string;
  /** JSON, if the model got it right */
  readonly input: string;
}

/** How an API is asked. Its messages are what the session keeps. */
export interface Dialogue<Message> {
  /** Asks with what came after the prompt so far. */
  ask(
    after: readonly Message[],
  ): Promise<Answer & { readonly messages: readonly Message[]; readonly calls: readonly Call[] }>;
  result(call: Call, output: string): Message;
}

/** Asks the model and calls the tools that it wants to be called, until it wants none. */
export async function converse<Message>(
  { ask, result }: Dialogue<Message>,
  { tools, signal }: Pick<Turn, 'tools' | 'signal'>,
  { model, heard }: Pick<Exchange, 'model' | 'heard'>,
): Promise<Omit<Reply, 'model'>> {
  const reply: Message[] = [];
  const answers: Answer[] = [];
  for (;;) {
    const answer = await ask(reply);
    heard();
    answers.push(answer);
    reply.push(...answer.messages);
    if (answer.calls.length === 0) return { ...total(answers), reply };
    if (answers.length === maxRounds) {
      throw new TurnError('tool-limit', `${model}: the model still called tools after ${maxRounds} rounds`);
    }
    const results = answer.calls.map(async (call) => result(call, await outputOf(call, tools, signal)));
    reply.push(...(await Promise.all(results)));
  }
}

/** What the last answer that says something says, since after its tools a model may have nothing to add; and what all of them cost. */
export function total(answers: readonly Answer[]): Answer {
  const sum = (of: (usage: Usage) => number) => answers.reduce((sum, { usage }) => sum + of(usage), 0);
  return {
    text: answers.findLast(({ text }) => text.trim() !== '')?.text ?? '',
    usage: { inputTokens: sum((usage) => usage.inputTokens), outputTokens: sum((usage) => usage.outputTokens) },
  };
}

/** These APIs have no field for a failure: the model is told in words. */
async function outputOf({ name, input }: Call, tools: readonly Tool[], signal: AbortSignal): Promise<string> {
  try {
    const tool = tools.find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool "${name}"`);
    return await tool.run(checkInput(tool, JSON.parse(input.trim() || '{}')), signal);
  } catch (error) {
    return `Error: ${messageOf(error)}`;
  }
}

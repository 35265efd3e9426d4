import { messageOf, TurnError } from '../../domain/errors.ts';
import type { Usage } from '../../domain/run.ts';
import type { Reply, Turn } from '../agent.ts';
import { checkInput, maxRounds, type Tool } from '../tools/tool.ts';

/** How an API is asked. Its messages, in its own form, are what the session keeps. */
export interface Dialogue<Message> {
  /** Asks with what came after the prompt so far; where there is `tell`, for a stream, the text of which it is told. */
  ask(after: readonly Message[], tell: Tell | undefined): Promise<unknown>;
  /** undefined where the answer does not say */
  usageOf(answer: unknown): Usage | undefined;
  /** Throws a `ProviderTrouble` for an answer that is none, that is not whole, or that cannot be read. */
  read(answer: unknown): ModelAnswer<Message>;
  results(outcomes: readonly Outcome[]): readonly Message[];
}

export type Tell = (piece: string) => void;

/** What a model says at once. */
export interface ModelAnswer<Message> {
  readonly text: string;
  readonly messages: readonly Message[];
  readonly calls: readonly Call[];
  /** for people, where it may be less than it looks */
  readonly warning?: string | undefined;
}

/** A tool that the model wants to be called. */
interface Call {
  readonly id: string;
  readonly name: string;
  /** Throws where the model wrote no JSON. */
  input(): unknown;
}

/** What came of a call. */
interface Outcome {
  readonly id: string;
  readonly output: string;
  readonly failed: boolean;
}

interface Options {
  /** provider/model, for messages */
  readonly model: string;
  /** false: answers come as a whole, whatever the turn asks for */
  readonly stream: boolean;
  /** called once something of an answer was told or read: from then on nothing is begun anew */
  readonly heard: () => void;
}

/** Asks the model and calls the tools that it wants to be called, until it wants none. */
export async function converse<Message>(
  { ask, usageOf, read, results }: Dialogue<Message>,
  { tools, signal, onText, onUsage }: Turn,
  { model, stream, heard }: Options,
): Promise<Omit<Reply, 'model'>> {
  const reply: Message[] = [];
  const spent: Usage[] = [];
  const warnings = new Set<string>();
  let text = '';
  for (let round = 1; ; round += 1) {
    let told = false;
    const tell = (piece: string) => {
      if (piece === '') return;
      told = true;
      heard();
      onText?.(piece);
    };
    const answer = await ask(reply, onText && stream ? tell : undefined);
    // Before the answer is looked into: what was refused or cut off has its price, too.
    const usage = usageOf(answer);
    if (usage) {
      spent.push(usage);
      onUsage?.(usage);
    }
    const said = read(answer);
    heard();
    if (said.warning !== undefined) warnings.add(said.warning);
    // A server that streams nothing has told nothing so far.
    if (!told) tell(said.text);
    // After its tools a model may have nothing to add, so the last answer that says something counts.
    if (said.text.trim() !== '') text = said.text;
    reply.push(...said.messages);
    if (said.calls.length === 0) {
      if (round === 1 && text === '') warnings.add(saidNothing);
      const warning = [...warnings].map((one) => `${model}: ${one}`).join('; ');
      return { text, reply, usage: total(spent), ...(warning !== '' && { warning }) };
    }
    if (round === maxRounds) {
      throw new TurnError('tool-limit', `${model}: the model still called tools after ${maxRounds} rounds`);
    }
    reply.push(...results(await Promise.all(said.calls.map((call) => outcomeOf(call, tools, signal)))));
  }
}

/** A warning; after tools there may be nothing to add. */
export const saidNothing = 'the model said nothing';

/** For the APIs that carry a call's input as JSON. Without arguments some models write nothing; some write JSON within JSON. */
export function parsedInput(json: string): unknown {
  const input: unknown = JSON.parse(json.trim() || '{}');
  return typeof input === 'string' ? JSON.parse(input) : input;
}

function total(spent: readonly Usage[]): Usage {
  const sum = (of: (usage: Usage) => number) => spent.reduce((sum, usage) => sum + of(usage), 0);
  return { inputTokens: sum((usage) => usage.inputTokens), outputTokens: sum((usage) => usage.outputTokens) };
}

async function outcomeOf({ id, name, input }: Call, tools: readonly Tool[], signal: AbortSignal): Promise<Outcome> {
  try {
    const tool = tools.find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool "${name}"`);
    return { id, output: await tool.run(checkInput(tool, input()), signal), failed: false };
  } catch (error) {
    return { id, output: `Error: ${messageOf(error)}`, failed: true };
  }
}

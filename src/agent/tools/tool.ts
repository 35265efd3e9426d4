import { compileSchema } from '../../schema/ajv.ts';
import { describeProblem } from '../../schema/problem.ts';

/** Something a model may call while it answers. Every provider is told of it in its own way. */
export interface Tool {
  readonly name: string;
  /** for the model: what it does, and when to use it */
  readonly description: string;
  /** JSON Schema of the input, with whatever else it says */
  readonly inputSchema: { readonly type: 'object' };
  /** true: `run` takes any input and says itself what does not fit, as a server does whose schema is not ours */
  readonly checksInput?: boolean;
  /** Takes an input that fits the schema. The model is told the result, or the message of the Error that this throws. */
  run(input: unknown, signal?: AbortSignal): Promise<string>;
}

/** How often a model is asked within one turn; one that calls tools for ever costs money for ever. */
export const maxRounds = 25;

/** A model's input for the tool. Throws an Error that tells the model what does not fit. */
export function checkInput({ inputSchema, checksInput = false }: Tool, input: unknown): unknown {
  if (checksInput) return input;
  const checked = compileSchema(inputSchema)(input);
  if (checked.ok) return checked.value;
  throw new Error(checked.problems.map(describeProblem).join('; '));
}

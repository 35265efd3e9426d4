import { eventually } from './eventually.ts';
import { parseFenced } from './fenced-prompt.ts';
import { providerError, startModel, type TestModel } from './model.ts';

/** A call for a step of a workflow, whose message begins with `<workflow>/<step>`. */
export interface Ask {
  readonly workflow: string;
  readonly step: string;
  /** the message, what it names of earlier steps in its place */
  readonly message: string;
  /** the text of every message of the session, this one last */
  readonly messages: readonly string[];
  /** unlike any other; undefined where the call fails */
  readonly reply: string | undefined;
}

interface StepModel extends Pick<TestModel, 'agents'> {
  /** oldest first */
  readonly asks: readonly Ask[];
  /** the prompts of heartbeats */
  readonly beats: readonly string[];
  /** Keeps calls for these steps open from now on. */
  hold(steps: readonly string[]): void;
  /** The call for a step, `<workflow>/<step>`, once it is open. */
  held(name: string): Promise<{ letGo(): void }>;
  /** Lets all calls go, those to come as well. */
  letGo(): void;
  /** No call fails any more. */
  heal(): void;
}

/** A model server that writes down what it is asked; a message with the word `fails` is refused. */
export async function startStepModel(pause: () => Promise<unknown>): Promise<StepModel> {
  const asks: Ask[] = [];
  const beats: string[] = [];
  const open = new Map<string, () => void>();
  let kept: readonly string[] = [];
  let healed = false;

  const { agents } = await startModel(async ({ prompt, messages }) => {
    if (prompt.startsWith('[heartbeat]')) {
      beats.push(prompt);
      return 'Read.';
    }
    const message = parseFenced(prompt)
      .data.map(([, text]) => text)
      .join('\n');
    const [name = '', workflow = '', step = ''] = /^(\w+)\/(\w+)/.exec(message) ?? [];
    const fails = !healed && / fails\b/.test(message);
    const reply = fails ? undefined : `Reply ${asks.length} to ${name}`;
    asks.push({ workflow, step, message, messages, reply });
    if (kept.includes(step)) await new Promise<void>((resolve) => open.set(name, resolve));
    else await pause();
    return reply ?? providerError(400, 'no');
  });

  return {
    agents,
    asks,
    beats,
    hold(steps) {
      kept = steps;
      // What is open still belongs to a gateway that is dead.
      open.clear();
    },
    async held(name) {
      const letGo = await eventually(() => open.get(name));
      return { letGo };
    },
    letGo() {
      kept = [];
      for (const go of open.values()) go();
      open.clear();
    },
    heal() {
      healed = true;
    },
  };
}

import type { Models, ReadyAgent } from '../agent/models.ts';
import { TurnError } from '../domain/errors.ts';
import type { Run } from '../domain/run.ts';
import type { Executor } from '../store/database.ts';
import { findEvent } from '../store/events.ts';

/** The model that a run asks for, where its policy lets it. Throws a `TurnError`. */
export async function agentFor(models: Models, db: Executor, run: Run, model: string): Promise<ReadyAgent> {
  const ready = models.agent(model);
  // A heartbeat is the owner's own.
  const mayRunCommands = run.kind === 'heartbeat' || run.policy.tools.includes('command');
  if (ready.api !== 'command' || mayRunCommands) return ready;
  const event = run.eventId === null ? undefined : await findEvent(db, run.eventId);
  throw new TurnError(
    'model',
    `${ready.name} runs a command: the mapping "${event?.mapping ?? run.hook}" must list tools: ['command'] (or agents.defaults must)`,
  );
}

interface Asking<Answer> {
  /** the model that the run asks for */
  readonly first: ReadyAgent;
  /** provider/model of those that may take its place */
  readonly fallbacks: readonly string[];
  readonly find: (name: string) => Promise<ReadyAgent>;
  readonly ask: (ready: ReadyAgent) => Promise<Answer>;
  /** told, in words for people, of each model that did not answer */
  readonly onSwitch: (message: string) => void;
}

/**
 * Asks the run's model and, while the providers are down, the fallbacks, one after the other. What a fallback
 * answers counts, a refusal included; where none can answer, the failure of the run's own model does.
 */
export async function askInTurn<Answer>({ first, fallbacks, find, ask, onSwitch }: Asking<Answer>): Promise<Answer> {
  try {
    return await ask(first);
  } catch (failure) {
    const others = fallbacks.filter((name) => name !== first.name);
    if (!isDown(failure) || others.length === 0) throw failure;
    let last = failure;
    for (const name of others) {
      onSwitch(`${last.logged}; ${name} is asked instead`);
      try {
        return await ask(await find(name));
      } catch (error) {
        if (!cannotAnswer(error)) throw error;
        last = error;
      }
    }
    onSwitch(`${last.logged}; there is no other model`);
    throw failure;
  }
}

function isDown(error: unknown): error is TurnError {
  return error instanceof TurnError && error.code === 'provider' && error.retryable;
}

/** Whatever is wrong with the provider or our settings for it, but nothing that a model or a deadline has decided. */
function cannotAnswer(error: unknown): error is TurnError {
  return error instanceof TurnError && (error.code === 'provider' || error.code === 'model');
}

import type { Models, ReadyAgent } from '../../agent/models.ts';
import { TurnError } from '../../domain/errors.ts';
import type { Run } from '../../domain/run.ts';
import type { Executor } from '../../store/database.ts';
import { findEvent } from '../../store/queries/events.ts';

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
 * Asks the run's model and, where another provider may do what this one cannot, the fallbacks, one after the other. What a
 * fallback decides counts, a refusal included. Where none can answer, the failure of the run's own model does, unless only
 * another's may pass.
 */
export async function askWithFallbacks<Answer>({
  first,
  fallbacks,
  find,
  ask,
  onSwitch,
}: Asking<Answer>): Promise<Answer> {
  try {
    return await ask(first);
  } catch (failure) {
    const others = fallbacks.filter((name) => name !== first.name);
    if (!(failure instanceof TurnError && failure.remedy.elsewhere) || others.length === 0) throw failure;
    const failures = [failure];
    for (const name of others) {
      onSwitch(`${failures.at(-1)?.message}; ${name} is asked instead`);
      try {
        return await ask(await find(name));
      } catch (error) {
        if (!isPassedOver(error)) throw error;
        failures.push(error);
      }
    }
    onSwitch(`${failures.at(-1)?.message}; there is no other model`);
    throw worthWaitingFor(failures) ?? failure;
  }
}

/** Whatever is wrong with a fallback or our request to it, but nothing that a model or a deadline has decided. */
export function isPassedOver(error: unknown): error is TurnError {
  return error instanceof TurnError && (error.remedy.elsewhere === true || error.trouble === 'request');
}

/** One that time mends before one that the owner has to; none where the run's own model can be tried again, or with less. */
function worthWaitingFor(failures: readonly TurnError[]): TurnError | undefined {
  const { again, smaller } = failures[0]?.remedy ?? {};
  if (again || smaller) return undefined;
  return failures.find(({ mayPassByItself }) => mayPassByItself) ?? failures.find(({ remedy }) => remedy.again);
}

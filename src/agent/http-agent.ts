import { TurnError } from '../domain/errors.ts';
import type { Agent, Reply, Turn } from './agent.ts';
import { keyProblem } from './api-key.ts';
import { fetchOnce } from './fetch-once.ts';
import { type Optional, refusedParts, turnErrorOf } from './provider-error.ts';

/** Where a provider is reached. */
export interface HttpProvider {
  /** the provider's id in the config */
  readonly provider: string;
  readonly baseURL: string;
  /** undefined: every turn fails and says so */
  readonly apiKey: string | undefined;
}

/** How requests and answers of an API look. */
export interface Protocol<Client> {
  /** how `baseURL` has to be, for messages */
  readonly baseURLIs: 'with /v1' | 'without /v1';
  /** Loads the SDK, which costs too much time for start-up. */
  connect(options: ClientOptions): Promise<Client>;
  /** Sends the request and, while the model calls tools, what follows from it. */
  exchange(client: Client, turn: Turn, exchange: Exchange): Promise<Omit<Reply, 'model'>>;
}

export interface Exchange {
  /** provider/model, for messages */
  readonly model: string;
  /** what the server has refused to take */
  readonly without: ReadonlySet<Optional>;
  /** to be called with each answer: from then on tools may have run, and nothing is begun anew */
  readonly heard: () => void;
}

/** What the SDKs call alike. The job queue retries and the turn's signal limits the time; at debug level they would log prompts. */
const clientOptions = { maxRetries: 0, timeout: 86_400_000, logLevel: 'off' as const, fetch: fetchOnce };

type ClientOptions = typeof clientOptions & { readonly baseURL: string; readonly apiKey: string };

/** An agent that speaks a protocol with one server. Connects once, at its first turn. */
export function createHttpAgent<Client>(
  { baseURLIs, connect, exchange }: Protocol<Client>,
  { provider, baseURL, apiKey }: HttpProvider,
): Agent {
  let client: Promise<Client> | undefined;
  return async (turn) => {
    const model = `${provider}/${turn.model}`;
    turn.signal.throwIfAborted();
    client ??= connect({ ...clientOptions, baseURL, apiKey: usableKey(apiKey, provider) });
    try {
      const connected = await client;
      let answered = false;
      const heard = () => {
        answered = true;
      };
      const send = (without: ReadonlySet<Optional>) => exchange(connected, turn, { model, without, heard });
      const reply = await send(new Set()).catch((error) => {
        const refused = refusedParts(error);
        if (answered || refused.size === 0) throw error;
        return send(refused);
      });
      return { ...reply, model };
    } catch (error) {
      turn.signal.throwIfAborted();
      throw turnErrorOf(error, model, baseURLIs);
    }
  };
}

function usableKey(apiKey = '', provider: string): string {
  const problem = keyProblem(apiKey, provider);
  if (problem !== undefined) throw new TurnError('provider', problem);
  return apiKey;
}

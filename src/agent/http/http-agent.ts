import { TurnError } from '../../domain/errors.ts';
import type { Agent, Turn } from '../agent.ts';
import { keyProblem } from '../api-key.ts';
import { type Optional, refusedParts, refusedTool, turnErrorOf } from '../trouble/provider-error.ts';
import type { ServerClient } from './ask-server.ts';
import { fetchOnce } from './fetch-once.ts';
import { converse, type Dialogue } from './tool-loop.ts';

/** Where a provider is reached. */
export interface HttpProvider {
  /** the provider's id in the config */
  readonly provider: string;
  readonly baseURL: string;
  /** undefined: every turn fails and says so */
  readonly apiKey: string | undefined;
  /** what this server's requests have besides */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** How requests and answers of an API look. */
export interface Protocol<Message> {
  /** how `baseURL` has to be, for messages */
  readonly baseURLIs: 'with /v1' | 'without /v1';
  /** Loads the SDK, which costs too much time for start-up. */
  connect(options: ClientOptions): Promise<ServerClient>;
  /**
   * How a turn is asked.
   * @param of.model provider/model, for messages
   * @param of.without what the server has refused to take
   * @param of.extra fields of the request that are the provider's own
   */
  dialogue(
    client: ServerClient,
    turn: Turn,
    of: {
      readonly model: string;
      readonly without: ReadonlySet<Optional>;
      readonly extra: HttpProvider['extra'];
    },
  ): Dialogue<Message>;
}

/** What the SDKs call alike. The job queue retries and the turn's signal limits the time; at debug level they would log prompts. */
const clientOptions = { maxRetries: 0, timeout: 86_400_000, logLevel: 'off' as const, fetch: fetchOnce };

type ClientOptions = typeof clientOptions & { readonly baseURL: string; readonly apiKey: string };

/** An agent that speaks a protocol with one server. Connects once, at its first turn. */
export function createHttpAgent<Message>(
  { baseURLIs, connect, dialogue }: Protocol<Message>,
  { provider, baseURL, apiKey, extra }: HttpProvider,
): Agent {
  let client: Promise<ServerClient> | undefined;
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
      const send = async (asked: Turn, without: ReadonlySet<Optional>): ReturnType<typeof converse> => {
        try {
          const options = { model, stream: !without.has('stream'), heard };
          return await converse(dialogue(connected, asked, { model, without, extra }), asked, options);
        } catch (error) {
          if (answered) throw error;
          const bad = refusedTool(error, asked.tools);
          if (bad) {
            turn.onWarning?.(`${model} would not take the tool ${bad.name}, so the run had to do without it`);
            return send({ ...asked, tools: asked.tools.filter((tool) => tool !== bad) }, without);
          }
          const refused = refusedParts(error);
          // A server may complain of one part after the other.
          if ([...refused].every((part) => without.has(part))) throw error;
          return send(asked, new Set([...without, ...refused]));
        }
      };
      return { ...(await send(turn, new Set())), model };
    } catch (error) {
      turn.signal.throwIfAborted();
      throw turnErrorOf(error, { provider, model, baseURLIs });
    }
  };
}

function usableKey(apiKey = '', provider: string): string {
  const problem = keyProblem(apiKey, provider);
  if (problem !== undefined) throw new TurnError('provider', problem, { trouble: 'setup' });
  return apiKey;
}

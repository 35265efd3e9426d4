import { describeMiss } from '../domain/miss.ts';
import type { getEvent, getEvents, getRefused, postReplay } from '../http/api/events.ts';
import { queryString, withClient } from './client.ts';
import { CommandError } from './command-error.ts';
import type { Cli } from './io.ts';
import { printJson, record, say, table, time } from './print.ts';

export async function listEvents(
  cli: Cli,
  { json, ...filter }: { hook?: string; outcome?: string; limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(cli, (client) => client.get<typeof getEvents>(`/events${queryString(filter)}`));
  if (json) return printJson(cli, answer);
  if (answer.events.length === 0) return say(cli, 'no events');
  const rows = answer.events.map((event) => [
    event.eventId,
    time(event.receivedAt),
    event.endpoint === 'specs' ? `/hook/${event.hook}` : event.hook,
    event.outcome,
    event.detail ?? event.mapping ?? '',
  ]);
  // The reason whole: what to mend stands anywhere in it.
  say(cli, table(['EVENT', 'RECEIVED', 'HOOK', 'OUTCOME', 'WHY OR MAPPING'], rows, { last: Number.POSITIVE_INFINITY }));
}

/** What nobody could prove to be theirs, newest first. Throws where no gateway runs, which has it in its memory. */
export async function listRefused(cli: Cli, { json }: { json?: boolean }): Promise<void> {
  const answer = await withClient(cli, (client) => {
    if (!client.isRunning) {
      throw new CommandError('what was refused is in the memory of a running gateway, and none runs with this store');
    }
    return client.get<typeof getRefused>('/refused');
  });
  if (json) return printJson(cli, answer);
  if (answer.refused.length === 0) return say(cli, 'nothing refused since the gateway started');
  // No table, which would cut the details: their ends say what to do.
  const records = answer.refused.map(({ time: at, status, method, path, ...more }) =>
    record({ refused: `${time(at)} with ${status}`, call: `${method} ${path}`.trim(), ...more }),
  );
  say(cli, records.join('\n\n'));
}

export async function showEvent(cli: Cli, id: string, { json }: { json?: boolean }): Promise<void> {
  const { event } = await withClient(cli, (client) => client.get<typeof getEvent>(`/events/${encodeURIComponent(id)}`));
  if (json) return printJson(cli, event);
  const { misses, ...shown } = event;
  // Where nothing took it, its detail says the same.
  const passed = event.mapping === null ? [] : misses.map((miss) => `${miss.mapping}: ${describeMiss(miss)}`);
  say(cli, record({ ...shown, receivedAt: time(event.receivedAt), 'not for': passed.join('\n') }));
}

export async function replayEvent(cli: Cli, id: string): Promise<void> {
  const answer = await withClient(cli, (client) =>
    client.post<typeof postReplay>(`/events/${encodeURIComponent(id)}/replay`),
  );
  say(cli, record({ outcome: answer.outcome, status: answer.status, answer: answer.answer }));
}

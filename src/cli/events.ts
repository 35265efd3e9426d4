import type { eventRow, eventView, refusedRow } from '../http/views.ts';
import { queryString, withClient } from './client.ts';
import { printJson, record, say, table, time } from './print.ts';

export async function listEvents(
  configFile: string,
  { json, ...filter }: { hook?: string; outcome?: string; limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(configFile, (client) =>
    client.get<{ events: ReturnType<typeof eventRow>[] }>(`/events${queryString(filter)}`),
  );
  if (json) return printJson(answer);
  if (answer.events.length === 0) return say('no events');
  const rows = answer.events.map((event) => [
    event.eventId,
    time(event.receivedAt),
    event.endpoint === 'specs' ? `/hook/${event.hook}` : event.hook,
    event.outcome,
    event.detail ?? event.mapping ?? '',
  ]);
  say(table(['EVENT', 'RECEIVED', 'HOOK', 'OUTCOME', 'WHY OR MAPPING'], rows));
}

/** What nobody could prove to be theirs, newest first. The gateway keeps it in memory: without one there is nothing to show. */
export async function listRefused(configFile: string, { json }: { json?: boolean }): Promise<void> {
  const answer = await withClient(configFile, (client) =>
    client.get<{ refused: ReturnType<typeof refusedRow>[] }>('/refused'),
  );
  if (json) return printJson(answer);
  if (answer.refused.length === 0) return say('nothing refused since the gateway started');
  // No table, which would cut the details: their ends say what to do.
  const records = answer.refused.map(({ time: at, hook, status, step, detail }) =>
    record({ refused: `${time(at)} with ${status}`, hook, step, detail }),
  );
  say(records.join('\n\n'));
}

export async function showEvent(configFile: string, id: string, { json }: { json?: boolean }): Promise<void> {
  const { event } = await withClient(configFile, (client) =>
    client.get<{ event: ReturnType<typeof eventView> }>(`/events/${encodeURIComponent(id)}`),
  );
  if (json) return printJson(event);
  say(record({ ...event, receivedAt: time(event.receivedAt) }));
}

export async function replayEvent(configFile: string, id: string): Promise<void> {
  const answer = await withClient(configFile, (client) =>
    client.post<{ outcome: string | null; status: number; answer: unknown }>(
      `/events/${encodeURIComponent(id)}/replay`,
    ),
  );
  say(record({ outcome: answer.outcome, status: answer.status, answer: answer.answer }));
}

import type { AnswerOf } from '../http/api/route.ts';
import type { getSession, getSessions } from '../http/api/sessions.ts';
import { queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printable, printJson, record, say, table, time } from './print.ts';

type Turn = AnswerOf<typeof getSession>['turns'][number];

export async function listSessions(cli: Cli, { json, ...filter }: { limit: number; json?: boolean }): Promise<void> {
  const answer = await withClient(cli, (client) => client.get<typeof getSessions>(`/sessions${queryString(filter)}`));
  if (json) return printJson(cli, answer);
  if (answer.sessions.length === 0) return say(cli, 'no sessions');
  const rows = answer.sessions.map(({ sessionKey, turns, updatedAt, clearedAt }) => [
    time(updatedAt),
    String(turns),
    time(clearedAt),
    sessionKey,
  ]);
  // No key is cut: it is what the other commands ask for.
  say(cli, table(['LAST TURN', 'TURNS', 'CLEARED', 'SESSION'], rows, { widest: Number.POSITIVE_INFINITY }));
  if (answer.next !== null) say(cli, 'There are older ones: --limit shows up to 100.');
}

export async function showSession(
  cli: Cli,
  key: string,
  { json, ...filter }: { limit: number; json?: boolean },
): Promise<void> {
  const answer = await withClient(cli, (client) =>
    client.get<typeof getSession>(`${pathOf(key)}${queryString(filter)}`),
  );
  if (json) return printJson(cli, answer);
  const { sessionKey, turns, updatedAt, clearedAt } = answer.session;
  const shown = answer.turns.length < turns ? `${turns}, of which these are the newest ${answer.turns.length}` : turns;
  const about = { turns: shown, 'last turn': time(updatedAt), cleared: time(clearedAt) };
  const blocks = [record({ session: sessionKey, ...about }), ...answer.turns.map(turnBlock)];
  say(cli, blocks.join('\n\n'));
}

function turnBlock({ runId, name, completedAt, model, prompt, outputText }: Turn): string {
  return record({ run: runId, name, completed: time(completedAt), model, prompt, outputText });
}

export async function clearSession(cli: Cli, key: string): Promise<void> {
  await withClient(cli, (client) => client.post(`${pathOf(key)}/clear`));
  say(cli, `session ${printable(key)} is cleared: its next run starts anew`);
}

const pathOf = (key: string) => `/sessions/${encodeURIComponent(key)}`;

import type { getAlarms } from '../http/api/alarms.ts';
import type { AnswerOf } from '../http/api/route.ts';
import { queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printable, printJson, say, time } from './print.ts';

type Alarm = AnswerOf<typeof getAlarms>['alarms'][number];

export async function listAlarms(cli: Cli, { json, limit }: { limit: number; json?: boolean }): Promise<void> {
  const { alarms } = await withClient(cli, (client) =>
    client.get<typeof getAlarms>(`/alarms${queryString({ limit })}`),
  );
  if (json) return printJson(cli, { alarms });
  say(cli, alarms.length === 0 ? 'no alarms' : alarms.map(textOf).join('\n\n'));
}

function textOf({ cause, sentence, remedy, count, since, endedAt }: Alarm): string {
  const times = count > 1 ? `, ${count} times` : '';
  const state = endedAt === null ? `OPEN since ${time(since)}` : `over: ${time(since)} to ${time(endedAt)}`;
  const lines = [`${state}  ${cause}${times}`, `  ${sentence}`, ...(endedAt === null ? [`  ${remedy}`] : [])];
  return lines.map(printable).join('\n');
}

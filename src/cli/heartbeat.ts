import type { getHeartbeat } from '../http/api/heartbeat.ts';
import { withClient } from './client.ts';
import type { Cli } from './io.ts';
import { printJson, record, say, time } from './print.ts';

export async function showHeartbeat(cli: Cli, { json }: { json?: boolean }): Promise<void> {
  const { heartbeat, isRunning } = await withClient(cli, async (client) => ({
    ...(await client.get<typeof getHeartbeat>('/heartbeat')),
    isRunning: client.isRunning,
  }));
  if (json) return printJson(cli, heartbeat);
  const { at, asksModel, why, hindrance, lastAt, failures, waitingLines, setAside } = heartbeat;
  const stopped = isRunning ? null : 'no gateway runs, so there is no beat';
  say(
    cli,
    record({
      next: at === null ? 'none' : time(at),
      why,
      'but now': stopped ?? hindrance,
      'asks a model': asksModel ? 'yes' : 'no',
      'last beat': lastAt === null ? 'none so far' : time(lastAt),
      'lines that wait': String(waitingLines),
      'beats in a row without an answer': failures === 0 ? '' : String(failures),
      'set aside': setAside
        .map(({ createdAt, source, text }) => `${time(createdAt)} from ${source}: ${text}`)
        .join('\n'),
    }),
  );
}

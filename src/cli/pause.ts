import { queryString, withClient } from './client.ts';
import type { Cli } from './io.ts';
import { say } from './print.ts';

export async function pause(cli: Cli, hook: string | undefined): Promise<void> {
  await withClient(cli, (client) => client.post(`/pause${queryString({ hook })}`));
  const what = hook === undefined ? 'everything is paused' : `runs of the hook ${hook} are paused`;
  say(cli, `${what}; events are accepted and wait for \`gimli resume${hook === undefined ? '' : ` --hook ${hook}`}\``);
}

export async function resume(cli: Cli, hook: string | undefined): Promise<void> {
  await withClient(cli, (client) => client.post(`/resume${queryString({ hook })}`));
  say(cli, hook === undefined ? 'everything goes on' : `runs of the hook ${hook} go on`);
}

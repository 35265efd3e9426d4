import { queryString, withClient } from './client.ts';
import { say } from './print.ts';

export async function pause(configFile: string, hook: string | undefined): Promise<void> {
  await withClient(configFile, (client) => client.post(`/pause${queryString({ hook })}`));
  const what = hook === undefined ? 'everything is paused' : `runs of the hook ${hook} are paused`;
  say(`${what}; events are accepted and wait for \`gimli resume${hook === undefined ? '' : ` --hook ${hook}`}\``);
}

export async function resume(configFile: string, hook: string | undefined): Promise<void> {
  await withClient(configFile, (client) => client.post(`/resume${queryString({ hook })}`));
  say(hook === undefined ? 'everything goes on' : `runs of the hook ${hook} go on`);
}

import type { getAlarms } from '../../http/api/alarms.ts';
import type { getHeartbeat } from '../../http/api/heartbeat.ts';
import type { getPause } from '../../http/api/pause.ts';
import type { getLastRoute } from '../../http/api/routes.ts';
import type { Settings } from '../../settings.ts';
import { printable, time } from '../print.ts';
import { type DoctorCheck, type Finding, ok, problem, storeFileOf, warning } from './finding.ts';

const store: DoctorCheck = {
  name: 'store',
  run: (context) => {
    const { client, holder, storeProblem } = context;
    const file = storeFileOf(context);
    if (file === undefined) return [warning('the config does not say where the store is', 'Mend the config first.')];
    if (storeProblem !== undefined)
      return [problem(storeProblem, 'See who may read and write the file, and its folder.')];
    if (holder) return [ok(`${file}: process ${holder.pid} has it`)];
    return [ok(client ? `${file} can be opened, and nobody has it` : `${file} is made at the first start`)];
  },
};

const gateway: DoctorCheck = {
  name: 'gateway',
  run: ({ holder, readiness }) => {
    if (!holder) return [warning('no gateway runs: nothing is accepted or done', 'Start it with `gimli serve`.')];
    const { pid, url } = holder;
    if (url === undefined)
      return [
        warning(`process ${pid} has the store and does not listen`, 'It starts, stops, or is a command: ask again.'),
      ];
    if (readiness === undefined)
      return [problem(`process ${pid} does not answer at ${url}`, 'See its log; start it anew if it stays so.')];
    if (readiness === 'ready') return [ok(`ready at ${url}`)];
    return [warning(`${readiness}, at ${url}`, 'See the alarms.')];
  },
};

const pause: DoctorCheck = {
  name: 'pause',
  async run({ client }) {
    if (!client) return [];
    const { all, hooks } = await client.get<typeof getPause>('/pause');
    const paused = hooks.map(({ hook, since }) =>
      warning(`the hook ${hook} is paused since ${time(since)}`, `\`gimli resume --hook ${hook}\``),
    );
    const found = [...(all ? [warning('everything is paused', '`gimli resume`')] : []), ...paused];
    return found.length > 0 ? found : [ok('nothing is paused')];
  },
};

const alarms: DoctorCheck = {
  name: 'alarms',
  async run({ client }) {
    if (!client) return [];
    const { alarms } = await client.get<typeof getAlarms>('/alarms?limit=100');
    const open = alarms.filter(({ endedAt }) => endedAt === null);
    if (open.length === 0) return [ok('none is open')];
    const asOf = client.isRunning ? '' : ' (when a gateway ran last)';
    return open.map(({ sentence, remedy, since }) => problem(`since ${time(since)}${asOf}: ${sentence}`, remedy));
  },
};

const channels: DoctorCheck = {
  name: 'channels',
  async run({ client }) {
    if (!client) return [];
    const { route } = await client.get<typeof getLastRoute>('/last-route');
    return 'skipped' in route
      ? [warning(`replies to \`last\` go nowhere: ${route.skipped}`, 'Set channels.owner.')]
      : [ok(`replies to \`last\` go to ${route.channel}${route.to === undefined ? '' : ` (${route.to})`}`)];
  },
};

const heartbeat: DoctorCheck = {
  name: 'heartbeat',
  async run({ client, settings }) {
    const zone = zoneOf(settings?.config.agents.defaults);
    if (!client) return [zone];
    const { heartbeat } = await client.get<typeof getHeartbeat>('/heartbeat');
    const { at, why, hindrance, failures, setAside } = heartbeat;
    const found: Finding[] = [ok(`next: ${at === null ? 'none' : time(at)} (${why})`)];
    if (hindrance !== null) found.push(warning(`but now: ${hindrance}`, 'See `gimli heartbeat`.'));
    if (failures > 0)
      found.push(warning(`${failures} in a row without an answer`, 'See `gimli runs list --kind heartbeat`.'));
    if (setAside.length > 0) found.push(warning(`${setAside.length} lines are set aside`, 'See `gimli heartbeat`.'));
    return [...found, zone];
  },
};

function zoneOf(defaults: Settings['config']['agents']['defaults'] | undefined): Finding {
  const { timeZone: local } = Intl.DateTimeFormat().resolvedOptions();
  const clock = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(new Date());
  const hours = defaults?.heartbeat.activeHours;
  const named = hours?.timezone ?? defaults?.timezone ?? 'local';
  const zone = named === 'local' ? local : named;
  const when = hours ? `the timer beats from ${hours.start} to ${hours.end}` : 'at any hour';
  return ok(`${when} in ${zone}, where it is ${clock(zone)}`);
}

/** What the gateway knows. Texts of others are shown without what would steer a terminal. */
export const gatewayChecks = [store, gateway, pause, alarms, channels, heartbeat].map(
  (check): DoctorCheck => ({
    name: check.name,
    run: async (context) => (await check.run(context)).map((found) => ({ ...found, text: printable(found.text) })),
  }),
);

import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { keyVariables } from '../../agent/built-in-providers.ts';
import type { BrokenPart } from '../../domain/broken-part.ts';
import { pausedFrom } from '../../domain/next-beat.ts';
import { dayOf, dollars } from '../../domain/spending.ts';
import { wholeOf } from '../../domain/text/said.ts';
import { remedies, type Trouble } from '../../domain/trouble.ts';
import type { Mapping } from '../../mapping/mapping.ts';
import type { MissingChannel } from '../../mapping/warnings/channels.ts';
import type { View } from '../../queue/queue.ts';
import type { Alarm } from '../../store/queries/alarms.ts';
import { lastRouteOfMain, recentOutcomes } from '../../store/queries/deliveries.ts';
import { findGates, type Gate } from '../../store/queries/gates.ts';
import { findBeatState } from '../../store/queries/heartbeat.ts';
import { linesSetAside } from '../../store/queries/inbox.ts';
import { findLastEvents } from '../../store/queries/last-events.ts';
import { costOfMapping } from '../../store/queries/spending.ts';
import { isDaySpent } from '../budget.ts';
import { pauseAll } from '../gates.ts';
import type { Runtime } from '../runtime.ts';
import type { AlarmCheck } from './watch.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Trouble that may pass by itself is told when it has lasted so long. */
const lastsMs = 10 * minuteMs;
const longWaitMs = hourMs;
const lowDisk = { bytes: 500_000_000, share: 0.05 };

const minuteOf = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const runsOf = (count: number) => (count === 1 ? '1 run' : `${count} runs`);

/** Providers and servers of tools that cannot be used. */
export function gateChecks(queue: View): AlarmCheck[] {
  const find =
    (isServer: boolean): AlarmCheck['find'] =>
    async (db, now) => {
      const alarms: Alarm[] = [];
      for (const gate of (await findGates(db)).values()) {
        if (gate.trouble === 'paused' || gate.key.startsWith('mcp:') !== isServer) continue;
        const { tell } = remedies[gate.trouble] as { tell?: string };
        if (tell === 'at once' || now - gate.since >= lastsMs)
          alarms.push(gateAlarm(gate, await queue.countAt(db, gate.key)));
      }
      return alarms;
    };
  return [
    { prefix: 'provider', find: find(false) },
    { prefix: 'mcp', find: find(true) },
  ];
}

/** Providers that are in use and have no key that could be one. `problems` by provider. */
export function keyCheck(problems: () => ReadonlyMap<string, string>): AlarmCheck {
  return {
    prefix: 'key',
    find: () =>
      [...problems()].map(([provider, problem]) => ({
        cause: `key:${provider}`,
        sentence: `What needs the provider ${provider} ends in error: ${problem}.`,
        remedy: 'A change is noticed at once; `gimli runs retry --failed` does again what has failed.',
        count: 1,
      })),
  };
}

function gateAlarm({ key, trouble, reason, since }: Gate, waiting: number): Alarm {
  const isServer = key.startsWith('mcp:');
  const name = isServer ? key.slice('mcp:'.length) : key;
  return {
    cause: isServer ? key : `provider:${key}`,
    sentence: `The ${isServer ? 'MCP server' : 'provider'} ${name} cannot be used since ${minuteOf(since)} UTC: ${wholeOf(reason)}.`,
    remedy: `${whatToDo(name, trouble as Trouble)} What needs it waits, and goes on by itself.`,
    count: Math.max(1, waiting),
  };
}

function whatToDo(name: string, trouble: Trouble): string {
  const variable = keyVariables.get(name);
  if (trouble === 'key') {
    return `Set a valid key, ${variable ? `${variable} in .env or ` : ''}agents.providers.${name}.apiKey: a change is noticed at once.`;
  }
  if (trouble === 'credit') return 'Add credit to the account: it is tried again every 15 minutes.';
  if (trouble === 'answer') return `Check agents.providers.${name}.baseURL: something else answers there.`;
  if (trouble === 'tools') return `See agents.mcpServers.${name}, or start that server again.`;
  return 'It is tried again by itself; agents.defaults.fallbacks could answer meanwhile.';
}

/** Heartbeats that pause, and lines that none of them reads. */
export const beatsCheck: AlarmCheck = {
  prefix: 'beats',
  async find(db, now) {
    const { failures } = await findBeatState(db);
    const aside = await linesSetAside(db, now - dayMs, 100);
    const paused: Alarm = {
      cause: 'beats',
      sentence: 'The heartbeats of main bring no answer; its lines are kept, and beats pause, for longer each time.',
      remedy: 'See the errors of `gimli runs list --kind heartbeat`: perhaps another agents.defaults.heartbeat.model.',
      count: failures,
    };
    const setAside: Alarm = {
      cause: 'beats:line',
      sentence: 'The model answers every line of the inbox but some, which are set aside.',
      remedy: 'See them with `gimli heartbeat`.',
      count: aside.length,
    };
    return [...(failures >= pausedFrom ? [paused] : []), ...(aside.length > 0 ? [setAside] : [])];
  },
};

/** Budgets that are spent: of the day, and of mappings. */
export function budgetCheck({ current }: Pick<Runtime, 'current'>, mappings: () => readonly Mapping[]): AlarmCheck {
  return {
    prefix: 'budget',
    async find(db, now) {
      const alarms: Alarm[] = [];
      const { budget } = current().config.agents.defaults;
      if (await isDaySpent(db, budget, now)) {
        const sentence = `The budget of the day, ${dollars(budget.perDay ?? 0)}, is spent: runs and heartbeats wait.`;
        const remedy = 'They go on at midnight UTC, or with a larger agents.defaults.budget.perDay.';
        alarms.push({ cause: 'budget', sentence, remedy, count: 1 });
      }
      for (const { id, limits } of mappings()) {
        if (limits.perDay === undefined || (await costOfMapping(db, dayOf(now), id)) < limits.perDay) continue;
        const sentence = `The budget of the mapping ${id}, ${dollars(limits.perDay)} a day, is spent: its runs wait.`;
        const remedy = 'They go on at midnight UTC, or with a larger budget.perDay of the mapping.';
        alarms.push({ cause: `budget:${id}`, sentence, remedy, count: 1 });
      }
      return alarms;
    },
  };
}

/** Runs that could begin but for a place. What waits at a gate has an alarm of its own. */
export function waitingCheck(queue: View): AlarmCheck {
  return {
    prefix: 'waiting',
    async find(db, now) {
      // While everything is paused they wait for that.
      if ((await findGates(db)).has(pauseAll)) return [];
      const count = await queue.countOverdue(db, 'run', now - longWaitMs);
      if (count === 0) return [];
      const sentence = `${count > 1000 ? 'More than 1000 runs have' : `${runsOf(count)} ${count === 1 ? 'has' : 'have'}`} waited for more than an hour.`;
      const remedy =
        '`gimli runs list --status pending` says for what; perhaps agents.defaults.maxConcurrent is too small.';
      return [{ cause: 'waiting', sentence, remedy, count }];
    },
  };
}

/** How much room there is for a folder's files, to a tenth of a GB. */
export async function diskRoom(folder: string): Promise<{ gigabytes: number; isLow: boolean }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const [free, all] = [bavail * bsize, blocks * bsize];
  const isLow = free < lowDisk.bytes || free < all * lowDisk.share;
  return { gigabytes: Math.floor(free / 100_000_000) / 10, isLow };
}

/** @param file the store */
export function diskCheck(file: string): AlarmCheck {
  return {
    prefix: 'disk',
    async find() {
      const { gigabytes, isLow } = await diskRoom(path.dirname(file));
      if (!isLow) return [];
      const sentence = `The disk of the store has little room left: about ${gigabytes} GB.`;
      const remedy = 'Make room: when it is full, events are answered with 503.';
      return [{ cause: 'disk', sentence, remedy, count: 1 }];
    },
  };
}

/** @param problem why the store is larger than it may be */
export function sizeCheck(problem: () => string | undefined): AlarmCheck {
  return {
    prefix: 'store',
    find() {
      const sentence = problem();
      if (sentence === undefined) return [];
      const remedy = 'See `gimli store`; end what is open, or give it more with store.keep.maxBytes.';
      return [{ cause: 'store', sentence: `The store cannot be made small enough. ${sentence}`, remedy, count: 1 }];
    },
  };
}

/** Replies that did not arrive, up to the last one that did. */
export const deliveriesCheck: AlarmCheck = {
  prefix: 'deliveries',
  async find(db, now) {
    const outcomes = await recentOutcomes(db, now - dayMs, 100);
    const sent = outcomes.findIndex(({ status }) => status === 'sent');
    const lost = sent === -1 ? outcomes : outcomes.slice(0, sent);
    const [latest] = lost;
    if (!latest) return [];
    const sentence = `${lost.length === 1 ? 'The last reply was' : 'The last replies were'} not delivered (${latest.channel}: ${wholeOf(latest.error ?? '')}).`;
    const remedy = 'See channels in the config, and `gimli runs list` for the replies themselves.';
    return [{ cause: 'deliveries', sentence, remedy, count: lost.length }];
  },
};

/** Channels that the config counts on and that are not there. */
export function channelsCheck(missing: () => readonly MissingChannel[]): AlarmCheck {
  return {
    prefix: 'channels',
    async find(db) {
      const found = missing();
      // Where main has a route, replies to `last` have one as well.
      const isRouted = found.some(isOwner) && (await lastRouteOfMain(db)) !== undefined;
      return found
        .filter((one) => !(isRouted && isOwner(one)))
        .map((one) => ({
          cause: `channels:${one.channel}`,
          sentence: isOwner(one)
            ? `Nothing says where replies go: ${one.lines[0]}.`
            : `What goes to the channel ${one.channel} is skipped, since it is not there: ${one.lines[0]}.`,
          remedy: 'Change the config and save it: it counts at once. `gimli check` shows all such places.',
          count: one.lines.length,
        }));
    },
  };
}

const isOwner = ({ channel }: MissingChannel) => channel === 'owner';

/** Hooks that are expected to call, and have fallen silent. */
export function silentCheck(mappings: () => readonly Mapping[]): AlarmCheck {
  return {
    prefix: 'silent',
    async find(db, now) {
      const expecting = mappings().filter(({ expectMs }) => expectMs !== undefined);
      if (expecting.length === 0) return [];
      const last = await findLastEvents(db);
      return expecting.flatMap(({ id, path: hook, expectMs = 0 }) => {
        const at = last.get(id) ?? now;
        if (now - at < expectMs) return [];
        const sentence = `The mapping ${id}${hook === undefined ? '' : ` (hook ${hook})`} has accepted no event since ${minuteOf(at)} UTC.`;
        const remedy =
          'Look at its sender, and at `gimli events list` and `gimli events refused` for what came instead.';
        return [{ cause: `silent:${id}`, sentence, remedy, count: 1 }];
      });
    },
  };
}

/** What was told of screening last, since this process began. */
export interface ScreeningHealth {
  failedAt: number;
  workedAt: number;
}

export function screeningCheck(
  { current }: Pick<Runtime, 'current'>,
  isAsked: () => boolean,
  health: Readonly<ScreeningHealth>,
): AlarmCheck {
  return {
    prefix: 'screening',
    find(_db, now) {
      const { screener, models, config } = current();
      // Echo reads nothing, and nothing has to be screened for it.
      if (models.agent(models.defaultModel).api === 'echo') return [];
      const fails = health.failedAt > health.workedAt && now - health.failedAt < dayMs;
      if (!isAsked() || (screener.problem === undefined && !fails)) return [];
      const outcome = config.screening.onError === 'block' ? 'end in error' : 'go on without';
      const why = screener.problem ?? `${screener.model} gives no verdict`;
      const sentence = `Screening does not work (${why}): runs that ask for it ${outcome}.`;
      const remedy = 'See screening.model; `gimli runs retry --code screened` does the runs again.';
      return [{ cause: 'screening', sentence, remedy, count: 1 }];
    },
  };
}

/** What does not load: parts that are left out, and an edit that is refused. */
export function loadingChecks(
  broken: () => readonly BrokenPart[],
  refusedProblems: () => readonly string[] | undefined,
): AlarmCheck[] {
  const part: AlarmCheck = {
    prefix: 'part',
    find: () =>
      broken().map(({ kind, id, problems }) => ({
        cause: `part:${kind}:${id}`,
        sentence: `The ${kind} ${id} does not load and is left out: ${problems[0] ?? 'see the log'}.`,
        remedy: 'Mend it and save the file: it comes back by itself. `gimli check` shows all that is wrong.',
        count: 1,
      })),
  };
  const config: AlarmCheck = {
    prefix: 'config',
    find() {
      const problems = refusedProblems();
      if (problems === undefined) return [];
      const sentence = `The last edit of the config does not load, so the version before it stays: ${problems[0] ?? ''}.`;
      const remedy = 'Mend it and save the file. `gimli check` shows all that is wrong.';
      return [{ cause: 'config', sentence, remedy, count: problems.length }];
    },
  };
  return [part, config];
}

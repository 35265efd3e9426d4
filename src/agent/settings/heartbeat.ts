import { type Static, Type } from 'typebox';
import { valueAt } from '../../domain/event.ts';
import { durationMs, durationPattern } from '../../domain/time/duration.ts';
import { toolsSchema, workspaceTools } from '../../domain/tool-grant.ts';
import { found } from '../../schema/found.ts';
import { type Origins, type Problem, toPointer } from '../../schema/problem.ts';
import { actionChannels, replyFields } from './reply-fields.ts';
import { checkTimezone } from './timezone.ts';

const strict = { additionalProperties: false };
const text = { minLength: 1, pattern: '\\S' };
const duration = { pattern: durationPattern, title: 'a time such as "90s", "30m", "1h30m" or "1d"' };

const activeHours = Type.Object(
  {
    start: Type.String({
      pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
      title: 'a time of day from "00:00" to "23:59"',
      description: 'The first minute, inclusive.',
    }),
    end: Type.String({
      pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$',
      title: 'a time of day from "00:00" to "24:00"',
      description: 'The end, exclusive; `24:00` is midnight. Earlier than `start` means across midnight.',
    }),
    timezone: Type.Optional(
      Type.String({
        ...text,
        description: 'An IANA name such as `Europe/Oslo`, or `local`; `agents.defaults.timezone` unless given.',
      }),
    ),
  },
  { ...strict, description: 'When the timer may beat; wakes are heard at any hour. Always, unless given.' },
);

/** `agents.defaults.heartbeat`: when main reads its inbox, and what it may do then. */
export const heartbeat = Type.Object(
  {
    every: Type.String({
      ...duration,
      default: '30m',
      description:
        'How often main looks round by itself (minutes without a unit), from `1m` on. `0m` switches the timer off; wakes still work.',
    }),
    prompt: Type.Optional(
      Type.String({ ...text, description: 'What main is asked to do; a sensible text unless given.' }),
    ),
    target: Type.Enum(['none', ...actionChannels], {
      default: 'last',
      description: 'The channel for what a heartbeat has to say.',
    }),
    to: Type.Optional(replyFields.to),
    activeHours: Type.Optional(activeHours),
    model: Type.Optional(replyFields.model),
    ackMaxChars: Type.Integer({
      minimum: 0,
      default: 300,
      description: 'A reply with HEARTBEAT_OK and at most this many other characters is not delivered.',
    }),
    minGapSeconds: Type.Number({
      minimum: 0,
      default: 0,
      description: 'The least time between two heartbeats; one second at least, whatever is said here.',
    }),
    tools: toolsSchema(workspaceTools, {
      default: [],
      description:
        'What main may do in a heartbeat besides answering, as `tools` of a mapping says it. It reads what strangers sent, so name as little as you can.',
    }),
  },
  { ...strict, default: {}, description: 'The turn in which main reads its inbox.' },
);
export type Heartbeat = Static<typeof heartbeat>;

const shortestTimerMs = 60_000;

/** What the schema cannot say about the heartbeat of a config that may still be invalid. */
export function checkHeartbeat(config: unknown, origins: Origins): Problem[] {
  const segments = ['agents', 'defaults', 'heartbeat'];
  const at = toPointer(segments);
  const read = (...rest: string[]) => valueAt(config, [...segments, ...rest]);
  const problems: Problem[] = [];

  const every = read('every');
  const everyMs = typeof every === 'string' ? durationMs(every) : 0;
  if (everyMs > 0 && everyMs < shortestTimerMs) {
    const path = `${at}/every`;
    const message = `expected at least "1m", or "0m" for no timer, found ${found(path, every, origins)}: each beat may be paid for`;
    problems.push({ path, message });
  }
  const start = read('activeHours', 'start');
  if (start !== undefined && start === read('activeHours', 'end')) {
    const message = 'expected another time than start; without activeHours the timer beats at any hour';
    problems.push({ path: `${at}/activeHours/end`, message });
  }
  return [...problems, ...checkTimezone(config, origins, [...segments, 'activeHours', 'timezone'])];
}

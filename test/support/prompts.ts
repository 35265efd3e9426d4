import * as prompts from '../../src/agent/prompt/prompt.ts';

/** A Saturday afternoon, at which every prompt of these is made that names no other time. */
export const saturday = { now: Date.UTC(2026, 10, 28, 13, 35), timezone: 'Europe/Oslo' };
export const itIsSaturday = 'It is Saturday, 2026-11-28 14:35 in Europe/Oslo (UTC+01:00).';

/** So that all of a value is there to be looked at. */
const limit = 10_000_000;

type Untimed<Options extends { time: unknown }> = Omit<Options, 'time'> & { readonly time?: Options['time'] };

/** The text of a hook's prompt. */
export const hookPrompt = (options: Untimed<prompts.HookPrompt>) =>
  prompts.hookPrompt({ time: saturday, limit, ...options }).text;

/** The text of a heartbeat's prompt. */
export const heartbeatPrompt = (options: Untimed<prompts.HeartbeatPrompt>) =>
  prompts.heartbeatPrompt({ time: saturday, limit, ...options }).text;

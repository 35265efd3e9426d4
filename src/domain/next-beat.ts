import { type ActiveHours, isActive, nextStart } from './heartbeat.ts';

/** What the heartbeat remembers from beat to beat. Times are epoch ms. */
export interface BeatState {
  /** when the timer last looked, whether or not a beat came of it */
  readonly lookedAt: number | null;
  /** when the latest beat began */
  readonly lastAt: number | null;
  /** how many beats in a row brought no answer, and when the last of them ended */
  readonly failures: number;
  readonly failedAt: number | null;
  /** how many lines the next beat reads, without earlier turns; null: as many as fit, after the earlier turns */
  readonly mostLines: number | null;
  /** the newest line that was there when beats began to read less, 0 where there was none; null while they read all */
  readonly blamedUpTo: number | null;
  /** since then a beat with less was answered, so the model does answer */
  readonly answeredLess: boolean;
  /** since a beat with the earlier turns was last answered, one was not, and all its lines were without them */
  readonly turnsSuspected: boolean;
}

export const freshState: BeatState = {
  lookedAt: null,
  lastAt: null,
  failures: 0,
  failedAt: null,
  mostLines: null,
  blamedUpTo: null,
  answeredLess: false,
  turnsSuspected: false,
};

/** What waits for main. */
export interface Asked {
  /** when the oldest line came that wakes main; null where none waits */
  readonly wakingSince: number | null;
  /** a line waits that was there before the latest beat */
  readonly leftBehind: boolean;
  /** any line waits */
  readonly hasLines: boolean;
  /** the checklist or the owner's own prompt asks for something, also where no line waits */
  readonly hasTask: boolean;
}

export interface BeatSettings {
  /** between the timer's beats; 0 for none */
  readonly everyMs: number;
  readonly minGapMs: number;
  readonly activeHours: ActiveHours | undefined;
}

export interface NextBeat {
  /** epoch ms; null where there will be none before a line wakes main */
  readonly at: number | null;
  /** false: it will look, and as things are ask no model */
  readonly asks: boolean;
  /** for people */
  readonly why: string;
}

/** Wakes that come close together make one heartbeat: it starts this long after the first, in ms. */
export const gatherMs = 250;
const leastGapMs = 1000;
const longestPauseMs = 3_600_000;
/** Beats are said to pause from so many failures in a row on. */
export const pausedFrom = 3;

/** Without times that have yet to come: the clock was set back since. */
export function notAhead(state: BeatState, now: number): BeatState {
  const past = (time: number | null) => (time === null ? null : Math.min(time, now));
  return { ...state, lookedAt: past(state.lookedAt), lastAt: past(state.lastAt), failedAt: past(state.failedAt) };
}

/**
 * When the next beat is, and why: the one rule for the timer, for wakes and for beats that follow others. No time of the state may
 * be ahead of `now`.
 */
export function nextBeat(state: BeatState, asked: Asked, settings: BeatSettings, now: number): NextBeat {
  const wake = asked.leftBehind ? now : asked.wakingSince === null ? null : gathered(asked.wakingSince, now);
  const timer = timerBeat(state, settings, now);
  const asks = asked.hasLines || asked.hasTask;
  if (wake === null && !timer) return { at: null, asks: false, why: 'the timer is off, and no line wakes main' };
  const first =
    wake !== null && (!timer || wake <= timer.at)
      ? { at: wake, why: asked.leftBehind ? 'lines wait that a beat has left' : 'a line wakes main' }
      : { at: timer?.at ?? now, why: timer?.why ?? '' };
  const floor = floorOf(state, settings);
  if (!asks)
    return { ...first, asks, why: `${first.why}; no line waits and there is no checklist, so no model is asked` };
  return floor.at > first.at ? { at: floor.at, asks, why: `${first.why}, ${floor.why}` } : { ...first, asks };
}

/** When wakes have gathered; now where the clock was set back since they came, for else no beat would come until it catches up. */
function gathered(since: number, now: number): number {
  return since > now ? now : since + gatherMs;
}

/** The pause after beats without an answer, in ms: 5 s, growing to an hour. */
export function pauseMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(longestPauseMs, 5000 * 4 ** (failures - 1));
}

/** A beat whose time lies outside the hours is moved to their next start, which may come before it. */
function timerBeat({ lookedAt, lastAt }: BeatState, { everyMs, activeHours }: BeatSettings, now: number) {
  if (everyMs === 0) return undefined;
  const since = Math.max(lookedAt ?? 0, lastAt ?? 0) || now;
  const due = Math.max(now, since + everyMs);
  if (isActive(activeHours, due)) return { at: due, why: 'the timer' };
  const at = activeHours ? nextStart(activeHours, Math.max(since, now - 60_000)) : due;
  return { at, why: 'the timer, when activeHours begin' };
}

/** Before this no beat begins, whatever asks for it. */
function floorOf({ lastAt, failures, failedAt }: BeatState, { minGapMs }: BeatSettings) {
  const gapMs = Math.max(leastGapMs, minGapMs);
  const gap = { at: (lastAt ?? 0) + gapMs, why: 'not before the least gap since the last beat is over' };
  const pause = {
    at: (failedAt ?? 0) + pauseMs(failures),
    why: `after ${failures === 1 ? 'a beat' : `${failures} beats in a row`} without an answer`,
  };
  return pause.at > gap.at ? pause : gap;
}

/** Fewer lines, then one, and no earlier turns: so that it shows what the model does not answer. */
function less(mostLines: number | null): number {
  return mostLines === null || mostLines > 20 ? 20 : 1;
}

/** Twice as many, and in the end all with the earlier turns. */
function more(mostLines: number | null): number | null {
  return mostLines === null || mostLines >= 20 ? null : mostLines * 2;
}

/** What a beat had, and what waits. */
export interface Beat {
  /** how many lines it read */
  readonly lines: number;
  /** the newest of them; null without any */
  readonly newestLine: number | null;
}

/**
 * After a beat that brought no answer. `suspect`: the model may refuse because of what stands in the prompt. A line is set aside
 * only where it fails alone, without earlier turns, and others do not: else it is the model, and beats pause.
 */
export function afterFailure(
  state: BeatState,
  { lines, newestLine }: Beat,
  suspect: boolean,
  now: number,
): { state: BeatState; setAside: boolean } {
  const failures = state.failures + 1;
  const failed = { ...state, failures, failedAt: now };
  if (!suspect) return { state: failed, setAside: false };
  const setAside = lines === 1 && state.mostLines !== null && state.answeredLess;
  if (setAside)
    return { state: { ...failed, failures: 0, mostLines: more(state.mostLines), blamedUpTo: null }, setAside };
  const blamedUpTo = state.mostLines === null ? (newestLine ?? 0) : state.blamedUpTo;
  return { state: { ...failed, mostLines: less(state.mostLines), blamedUpTo }, setAside };
}

/**
 * After a beat that was answered. `blamedWait`: some of the lines wait that were there when beats began to read less. Where all
 * of them were answered without the earlier turns, and that a second time, it was these that the model did not answer: once may
 * be chance.
 */
export function afterAnswer(state: BeatState, blamedWait: boolean): { state: BeatState; forgetTurns: boolean } {
  const { mostLines, blamedUpTo } = state;
  const well = { ...state, failures: 0, failedAt: null };
  const full = { ...well, mostLines: null, blamedUpTo: null, answeredLess: false };
  if (mostLines === null) return { state: { ...full, turnsSuspected: false }, forgetTurns: false };
  if (blamedUpTo !== null && !blamedWait)
    return { state: { ...full, turnsSuspected: !state.turnsSuspected }, forgetTurns: state.turnsSuspected };
  const next = more(mostLines);
  return { state: next === null ? full : { ...well, mostLines: next, answeredLess: true }, forgetTurns: false };
}

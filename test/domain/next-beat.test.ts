import { describe, expect, it } from '@jest/globals';
import {
  type Asked,
  afterAnswer,
  afterFailure,
  type BeatSettings,
  type BeatState,
  freshState,
  nextBeat,
  notAhead,
  pauseMs,
} from '../../src/domain/next-beat.ts';

const at = (time: string) => Date.parse(`2026-06-01T${time}Z`);
const now = at('12:00:00');
const minute = 60_000;
const hour = 60 * minute;
const nothing: Asked = { wakingSince: null, leftBehind: false, hasLines: false, hasTask: false };
const task: Asked = { ...nothing, hasTask: true };
const settings: BeatSettings = { everyMs: 30 * minute, minGapMs: 0, activeHours: undefined };
const state = (known: Partial<BeatState>): BeatState => ({ ...freshState, ...known });
const next = (known: Partial<BeatState>, asked: Asked, more: Partial<BeatSettings> = {}, time = now) =>
  nextBeat(notAhead(state(known), time), asked, { ...settings, ...more }, time);
const woken = (since: number): Asked => ({ ...nothing, wakingSince: since, hasLines: true });

describe('the timer’s beat', () => {
  it('comes a span after the last beat, or after the timer looked', () => {
    expect(next({ lastAt: now - 10 * minute }, task).at).toBe(now + 20 * minute);
    expect(next({ lastAt: now - 20 * minute, lookedAt: now - 5 * minute }, task).at).toBe(now + 25 * minute);
    expect(next({}, task).at).toBe(now + 30 * minute);
  });

  it('that is late comes now', () => {
    expect(next({ lastAt: now - 5 * hour }, task).at).toBe(now);
  });

  it('asks no model where no line waits and there is no checklist, and says so', () => {
    const beat = next({ lastAt: now - 10 * minute }, nothing);
    expect(beat).toMatchObject({ at: now + 20 * minute, asks: false });
    expect(beat.why).toContain('no model is asked');
  });

  it('does not come where the timer is off', () => {
    expect(next({}, task, { everyMs: 0 })).toMatchObject({ at: null, why: 'the timer is off, and no line wakes main' });
  });

  it('may be a week away', () => {
    expect(next({ lastAt: now }, task, { everyMs: 7 * 24 * hour }).at).toBe(now + 7 * 24 * hour);
  });

  it('that would miss the whole window of active hours is moved to its start', () => {
    const activeHours = { start: '11:27', end: '11:28', timezone: 'UTC' };
    const started = at('11:26:51');
    const beat = next({ lookedAt: started }, task, { everyMs: 90_000, activeHours }, started);
    expect(beat).toMatchObject({ at: at('11:27:00'), why: 'the timer, when activeHours begin' });
  });

  it('in the evening is moved to the next morning', () => {
    const activeHours = { start: '08:00', end: '22:00', timezone: 'UTC' };
    expect(next({ lastAt: at('21:50:00') }, task, { activeHours }, at('21:50:01')).at).toBe(at('08:00:00') + 24 * hour);
  });

  it('does not wait for an hour that comes again when the clock was set back', () => {
    expect(next({ lastAt: now + hour, lookedAt: now + hour }, task).at).toBe(now + 30 * minute);
  });
});

describe('a line that wakes main', () => {
  it('makes a beat a quarter of a second after it came', () => {
    expect(next({}, woken(now))).toMatchObject({ at: now + 250, asks: true, why: 'a line wakes main' });
  });

  it('makes a beat outside active hours and with the timer off', () => {
    const activeHours = { start: '01:00', end: '02:00', timezone: 'UTC' };
    expect(next({}, woken(now), { activeHours }).at).toBe(now + 250);
    expect(next({}, woken(now), { everyMs: 0 }).at).toBe(now + 250);
  });

  it('makes a beat at once where the clock was set back since it came', () => {
    expect(next({}, woken(now + hour)).at).toBe(now);
  });

  it('waits for the least gap, which is a second whatever the config says', () => {
    expect(next({ lastAt: now }, woken(now)).at).toBe(now + 1000);
    expect(next({ lastAt: now }, woken(now), { minGapMs: 5000 }).at).toBe(now + 5000);
  });

  it('waits for the pause after beats without an answer, never longer than an hour', () => {
    expect(next({ failures: 1, failedAt: now }, woken(now)).at).toBe(now + 5000);
    expect(next({ failures: 3, failedAt: now }, woken(now))).toMatchObject({
      at: now + 80_000,
      why: 'a line wakes main, after 3 beats in a row without an answer',
    });
    expect(next({ failures: 50, failedAt: now + 9 * hour }, woken(now)).at).toBe(now + hour);
    expect([1, 2, 3, 4, 5, 6, 7].map(pauseMs)).toEqual([5000, 20_000, 80_000, 320_000, 1_280_000, hour, hour]);
  });

  it('makes a beat at once where a beat has left lines behind', () => {
    const left = { ...nothing, leftBehind: true, hasLines: true };
    expect(next({ lastAt: now - minute }, left, { everyMs: 0 })).toMatchObject({ at: now, asks: true });
  });
});

describe('where beats bring no answer', () => {
  const beat = (lines: number) => ({ lines, newestLine: 7 });

  it('the next reads less, to one line without earlier turns', () => {
    const first = afterFailure(freshState, beat(50), true, now).state;
    expect(first).toMatchObject({ failures: 1, failedAt: now, mostLines: 20, blamedUpTo: 7 });
    const second = afterFailure(first, beat(20), true, now).state;
    expect(second).toMatchObject({ failures: 2, mostLines: 1, blamedUpTo: 7 });
    expect(afterFailure(second, beat(1), true, now)).toMatchObject({
      state: { failures: 3, mostLines: 1 },
      setAside: false,
    });
  });

  it('a line that fails alone is set aside only where others are answered', () => {
    const alone = state({ mostLines: 1, blamedUpTo: 7, failures: 2, failedAt: now });
    const answered = afterAnswer(alone, true).state;
    expect(answered).toMatchObject({ failures: 0, failedAt: null, mostLines: 2, answeredLess: true });
    const again = afterFailure(answered, beat(2), true, now).state;
    expect(again).toMatchObject({ mostLines: 1, answeredLess: true });
    expect(afterFailure(again, beat(1), true, now)).toMatchObject({
      setAside: true,
      state: { failures: 0, mostLines: 2 },
    });
  });

  it('the earlier turns are forgotten where all lines are answered without them, and a second time', () => {
    const less = state({ mostLines: 20, blamedUpTo: 7, failures: 1, failedAt: now });
    expect(afterAnswer(less, true)).toMatchObject({ forgetTurns: false, state: { mostLines: null } });
    const once = afterAnswer(less, false);
    expect(once).toEqual({ forgetTurns: false, state: { ...freshState, turnsSuspected: true } });
    const again = afterFailure(once.state, beat(1), true, now).state;
    expect(afterAnswer(again, false)).toEqual({ forgetTurns: true, state: freshState });
  });

  it('a beat with the earlier turns that is answered clears them of suspicion', () => {
    const suspected = state({ turnsSuspected: true });
    expect(afterAnswer(suspected, false)).toEqual({ forgetTurns: false, state: freshState });
  });

  it('the earlier turns are suspected also where no line was read', () => {
    const failed = afterFailure(freshState, { lines: 0, newestLine: null }, true, now).state;
    expect(afterAnswer(failed, false).state).toMatchObject({ mostLines: null, turnsSuspected: true });
  });

  it('for a reason that lies not in the prompt, the pause grows and nothing is read less', () => {
    expect(afterFailure(freshState, beat(50), false, now)).toEqual({
      state: { ...freshState, failures: 1, failedAt: now },
      setAside: false,
    });
  });
});

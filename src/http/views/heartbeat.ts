import { type Static, Type } from 'typebox';
import type { BeatState, NextBeat } from '../../domain/next-beat.ts';
import { oneLine } from '../../domain/run.ts';
import type { SystemEvent } from '../../store/queries/inbox.ts';
import { count, orNull, time } from './shape.ts';

/** Characters of a line that was set aside. */
const longestLine = 300;

export const heartbeatSchema = Type.Object({
  at: orNull(Type.Integer({ description: 'When the next beat is, in epoch ms; null where a line has to wake main.' })),
  asksModel: Type.Boolean({ description: 'Whether it will ask a model, as things are.' }),
  why: Type.String(),
  hindrance: orNull(Type.String({ description: 'What is in the way of a beat that may be due.' })),
  lastAt: orNull(time),
  failures: Type.Integer({ minimum: 0, description: 'Beats in a row without an answer.' }),
  waitingLines: count,
  setAside: Type.Array(
    Type.Object({ source: Type.String(), text: Type.String(), createdAt: time, setAsideAt: orNull(time) }),
  ),
});

/** When main looks next and why. */
export function heartbeatView(about: {
  state: BeatState;
  next: NextBeat;
  hindrance: string | null;
  waiting: number;
  aside: readonly SystemEvent[];
}): Static<typeof heartbeatSchema> {
  const { state, next, hindrance, waiting, aside } = about;
  return {
    at: next.at,
    asksModel: next.asks,
    why: next.why,
    hindrance,
    lastAt: state.lastAt,
    failures: state.failures,
    waitingLines: waiting,
    setAside: aside.map(({ source, text, createdAt, setAsideAt }) => ({
      source,
      text: oneLine(text, longestLine),
      createdAt,
      setAsideAt,
    })),
  };
}

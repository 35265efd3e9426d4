import type { TurnError } from '../../domain/errors.ts';
import { withoutAck } from '../../domain/heartbeat.ts';
import { afterAnswer, afterFailure } from '../../domain/next-beat.ts';
import { mainSession, type Run } from '../../domain/run.ts';
import { findBeatState, saveBeatState } from '../../store/queries/heartbeat.ts';
import { linesOfBeat, linesWaitUpTo, markLinesRead, releaseLines, setLineAside } from '../../store/queries/inbox.ts';
import { clearSession } from '../../store/queries/sessions.ts';
import { planBeat } from '../jobs/plan-beat.ts';
import type { Runtime } from '../runtime.ts';
import type { Ending } from './ending.ts';

/** Whether a beat had nothing to say, and so is no turn that later ones have to see. */
export function onlyAcknowledges({ current }: Runtime, run: Run, outputText: string): boolean {
  if (run.kind !== 'heartbeat') return false;
  const { ackMaxChars } = current().config.agents.defaults.heartbeat;
  return withoutAck(outputText, ackMaxChars) === null;
}

/** Its lines are read, and the next beat is planned. */
export async function endBeat(runtime: Runtime, { tx, run, now }: Ending): Promise<void> {
  await markLinesRead(tx, run.id, now);
  const before = await findBeatState(tx);
  const blamedWait = before.blamedUpTo !== null && (await linesWaitUpTo(tx, before.blamedUpTo));
  const { state, forgetTurns } = afterAnswer(before, blamedWait);
  if (forgetTurns) {
    await clearSession(tx, mainSession, now);
    const why = 'the model answers the lines of the inbox, but not after the earlier turns of main: main begins anew';
    runtime.log.warn({ runId: run.id }, why);
  }
  await saveBeatState(tx, state);
  await planBeat(runtime, tx, now);
}

/**
 * The lines of a beat that failed wait for the next one, which reads less where that may help. Never a line that the gateway
 * wrote, and never in a loop: a line that alone is not answered, while others are, is set aside, and its owner told.
 */
export async function giveUpBeat(runtime: Runtime, { tx, run, now }: Ending, error: TurnError): Promise<void> {
  const lines = await linesOfBeat(tx, run.id);
  const [line] = lines;
  const beat = { lines: lines.length, newestLine: lines.at(-1)?.id ?? null };
  // What the model did not get to, since time or money was over, may also do with less.
  const suspect = 'smaller' in error.remedy || error.code === 'timeout' || error.code === 'tool-limit';
  const { state, setAside } = afterFailure(await findBeatState(tx), beat, suspect, now);
  const isAlone = lines.length === 1 && run.action.withoutTurns === true && suspect;
  await releaseLines(tx, run.id, isAlone);
  if (setAside && line) {
    runtime.log.warn(
      { runId: run.id, code: error.code },
      'a line of the inbox is set aside: the model does not answer it',
    );
    await setLineAside(tx, line.id, now);
  }
  await saveBeatState(tx, state);
  await planBeat(runtime, tx, now);
}

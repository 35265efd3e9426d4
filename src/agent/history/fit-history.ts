import type { PastTurn } from '../agent.ts';
import { leftOutMark, shortenMiddle, shortenPrompt } from '../prompt/shorten.ts';

/** The history as a model gets it. */
export interface FittedHistory {
  readonly turns: readonly PastTurn[];
  /** how many of them were shortened */
  readonly shortened: number;
  /** how many older ones were left out */
  readonly leftOut: number;
}

/** A session replays no more turns, whatever their size. */
const maxTurns = 200;
/** A turn is replayed as it was while it leaves this part of the budget to older ones that need it. */
const forOlder = 1 / 4;
/** What a turn gets that has to be shortened: at most, and at least while there is room. */
const [mostOfLong, leastOfLong] = [1 / 4, 1 / 10];
/** Less is not worth a turn. */
const leastChars = 200;
const markChars = 2 * leftOutMark(1_000_000_000).length;

/**
 * The past turns that fit into `budget` characters, oldest first. A large turn is shortened, to plain text, so that it does not make
 * the model forget everything before it; what does not fit in the end is the oldest, by whole turns.
 */
export function fitHistory(history: readonly PastTurn[], budget: number): FittedHistory {
  const sizes = history.map(sizeOf);
  let older = sizes.reduce((sum, size) => sum + size, 0);
  let left = budget;
  let shortened = 0;
  const turns: PastTurn[] = [];
  for (const [past, size] of history.map((past, at) => [past, sizes[at] ?? 0] as const).reverse()) {
    older -= size;
    const isLong = size > budget * leastOfLong;
    const allowed = isLong ? left - Math.min(older, budget * forOlder) : left;
    if (turns.length === maxTurns) break;
    if (size <= allowed && !isCut(past)) {
      turns.push(past);
      left -= size;
      // Its calls of tools are gone all the same.
      if (past.leftOut) shortened += 1;
      continue;
    }
    const most = Math.max(Math.min(left, budget * leastOfLong), Math.min(allowed, budget * mostOfLong));
    const room = Math.floor(most) - markChars;
    if (!isLong || room < leastChars) break;
    const short = shortenTurn(past, room);
    turns.push(short);
    left -= short.prompt.length + short.outputText.length;
    shortened += 1;
  }
  return { turns: turns.reverse(), shortened, leftOut: history.length - turns.length };
}

const isCut = ({ leftOut }: PastTurn) => leftOut !== undefined && leftOut.prompt + leftOut.outputText > 0;

function sizeOf({ prompt, reply, outputText, leftOut }: PastTurn): number {
  if (leftOut) return prompt.length + outputText.length + leftOut.prompt + leftOut.outputText;
  return prompt.length + JSON.stringify(reply).length;
}

/** Its prompt and its answer as text, of `room` characters together; the shorter of them stays whole where it can. */
function shortenTurn({ prompt, outputText, model, leftOut }: PastTurn, room: number): PastTurn {
  const [ofPrompt, ofOutput] = [leftOut?.prompt ?? 0, leftOut?.outputText ?? 0];
  const forOutput = Math.min(outputText.length, Math.max(Math.floor(room / 2), room - prompt.length));
  return {
    prompt: shortenPrompt(prompt, room - forOutput, ofPrompt),
    reply: [],
    model,
    outputText: shortenMiddle(outputText, forOutput, ofOutput),
  };
}

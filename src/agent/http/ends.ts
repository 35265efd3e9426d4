import type { Trouble } from '../../domain/trouble.ts';
import { because, isPlainWord, ProviderTrouble, refused } from '../trouble/provider-trouble.ts';

/** Why an answer ended, by any vendor's word for it, in small letters. What is not listed is not known to be good. */
const ends: readonly (readonly [RegExp, Trouble | 'good'])[] = [
  [/^(stop|end_turn|endturn|stop_sequence|eos|eos_token|complete|completed|finished|done)$/, 'good'],
  [/^(tool_calls?|tool_use|function_calls?)$/, 'good'],
  [/^(model_)?context_(window|length)_exceeded$/, 'size'],
  [/^(length|(model|max|token|output|error)_(length|limit)|max_\w*tokens|truncated|incomplete|pause_turn)$/, 'cut'],
  [
    /content_?filter|safety|moderation|guardrail|^(refusal|recitation|block(list|ed)|prohibited_content|spii|sensitive|error_toxic|language)$/,
    'refusal',
  ],
  // Of this answer alone, so the provider is not to blame for it.
  [/^(malformed|unexpected|too_many|invalid)_(function|tool)_calls?$/, 'shape'],
  [
    /error|abort|cancel|fail|timeout|time_limit|overload|unavailable|insufficient|interrupt|^(other|in_progress|queued)$/,
    'outage',
  ],
];

/** Throws a `ProviderTrouble` for an end that is known to be no good; a warning for one that is not known. */
export function checkEnd(reason: unknown): string | undefined {
  if (reason === null || reason === undefined || reason === '') return 'the answer does not say why it ended';
  const word = typeof reason === 'string' ? reason : '';
  const shown = isPlainWord(word) ? word : 'no plain word';
  const end = endOf(word);
  if (end === 'good') return undefined;
  if (end === undefined) return `the model stopped for a reason that is not known (${shown})`;
  if (end === 'refusal') throw refused(word);
  if (end === 'cut') throw cutOff(word);
  if (end === 'size') {
    throw new ProviderTrouble(end, `the reply was cut off (${shown}): the conversation is too long for this model`);
  }
  throw new ProviderTrouble(end, `the model failed (${shown})`);
}

/** For an answer that says that it is not whole. */
export function checkCut(reason: unknown): never {
  const word = typeof reason === 'string' ? reason : '';
  if (endOf(word) !== 'good') checkEnd(word);
  throw cutOff(word);
}

function endOf(word: string): Trouble | 'good' | undefined {
  const plain = word
    .toLowerCase()
    .replace(/^finish_?reason_/, '')
    .replaceAll('-', '_');
  return ends.find(([words]) => words.test(plain))?.[1];
}

function cutOff(reason: string): ProviderTrouble {
  return because('cut', 'the reply was cut off', reason);
}

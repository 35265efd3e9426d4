import type { Notice } from '../../runtime/watching/live-runs.ts';
import type { Reader } from './reader.ts';
import { toolResultView } from './run.ts';

/** What is heard of a run under way. What it asks of its tools, and may have them tell its owner, is for the owner alone. */
export function noticeView(notice: Exclude<Notice, { kind: 'changed' }>, reader: Reader) {
  if (notice.kind === 'restart') return {};
  if (notice.kind === 'text') return { text: notice.text };
  const { number: call, name, input, result } = notice.call;
  if (reader === 'owner') return { call, name, input, ...(result && toolResultView(result)) };
  if (!result) return { call, name };
  const { resultChars, ms, error } = result;
  return { call, name, resultChars, ms, failed: error !== null };
}

import type { ToolCall } from '../../domain/tool-call.ts';
import type { Executor } from '../database.ts';

export async function insertToolCalls(tx: Executor, runId: string, calls: readonly ToolCall[]): Promise<void> {
  for (const call of calls)
    await tx
      .insertInto('toolCalls')
      .values({ runId, ...call })
      .execute();
}

/** Of every attempt that did not end with its gateway, oldest first. */
export function toolCallsOf(db: Executor, runId: string): Promise<ToolCall[]> {
  return db
    .selectFrom('toolCalls')
    .select(['attempt', 'name', 'input', 'resultChars', 'ms', 'error'])
    .where('runId', '=', runId)
    .orderBy('id')
    .execute();
}

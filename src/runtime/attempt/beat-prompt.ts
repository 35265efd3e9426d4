import { heartbeatPrompt, type Prompt } from '../../agent/prompt/prompt.ts';
import { linesOfBeat } from '../../store/queries/inbox.ts';
import { readChecklist } from '../jobs/plan-beat.ts';
import type { Runtime } from '../runtime.ts';

/** What a beat asks of a model: the checklist, and the lines that the beat has taken. */
export async function beatPrompt({ store, clock, current }: Runtime, runId: string, limit: number): Promise<Prompt> {
  const { config } = current();
  const { timezone, heartbeat } = config.agents.defaults;
  const lines = await linesOfBeat(store.read, runId);
  return heartbeatPrompt({
    instructions: heartbeat.prompt,
    checklist: readChecklist(config),
    lines: lines.map(({ source, text, createdAt }, index) => ({
      label: `inbox[${index}] ${new Date(createdAt).toISOString()} from ${source}`,
      text,
    })),
    time: { now: clock.now(), timezone },
    limit,
  });
}

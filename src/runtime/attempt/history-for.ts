import { historyBudget, type Turn } from '../../agent/agent.ts';
import { historyRoom, unknownSizeWarning } from '../../agent/context-sizes.ts';
import { fitHistory } from '../../agent/history/fit-history.ts';
import type { ReadyAgent } from '../../agent/models.ts';

/** How much of the history the model gets: what is left beside the prompt and the tools. Warns of what it does not get. */
export function historyFor(
  warnings: string[],
  { name, api, contextTokens }: Pick<ReadyAgent, 'name' | 'api' | 'contextTokens'>,
  { prompt, history, tools }: Pick<Turn, 'prompt' | 'history' | 'tools'>,
): number {
  const toolChars = tools.reduce((sum, tool) => {
    return sum + tool.name.length + tool.description.length + JSON.stringify(tool.inputSchema).length;
  }, 0);
  const used = prompt.length + toolChars;
  const budget = Math.min(historyBudget, historyRoom(contextTokens, used));
  if (api === 'echo') return budget;
  const { shortened, leftOut } = fitHistory(history, budget);
  // That the oldest turns of a long session go is as it should be.
  if (shortened > 0 || (leftOut > 0 && budget < historyBudget)) {
    const what = [
      ...(shortened > 0 ? [`${shortened} shortened`] : []),
      ...(leftOut > 0 ? ['older ones left out'] : []),
    ];
    warnings.push(`of the earlier turns of the session ${name} got ${what.join(' and ')}, to fit`);
  }
  if (api === 'command' || contextTokens !== undefined) return budget;
  const replayed = Math.min(
    budget,
    history.reduce((sum, past) => sum + past.prompt.length + past.outputText.length, 0),
  );
  const unknown = unknownSizeWarning(name, used + replayed);
  if (unknown !== undefined) warnings.push(unknown);
  return budget;
}

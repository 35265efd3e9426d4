import type { LabelledText } from '../../agent/prompt/prompt.ts';
import { shorten } from '../../domain/text/shorten.ts';
import type { Executor } from '../../store/database.ts';
import { linesReadBy } from '../../store/queries/inbox.ts';
import { latestBeats } from '../../store/queries/runs.ts';

/** How much a prompt shows, in characters of labels and texts; about 5,000 tokens. */
const budget = 20_000;
/** How much it shows of one text, so that a single long one does not push out all others. */
const longestText = 2000;
/** About a day of the usual timer, and more lines than fit. */
const maxBeats = 50;
const maxLines = 500;

/**
 * What main read and answered in its latest heartbeats, oldest first, for runs whose policy shows it to them. Where it is more
 * than fits, the newest is kept.
 */
export async function mainConversation(db: Executor): Promise<LabelledText[]> {
  const beats = await latestBeats(db, maxBeats, longestText + 1);
  const ids = beats.map(({ id }) => id);
  const lines = Map.groupBy(await linesReadBy(db, ids, maxLines, longestText + 1), ({ beatId }) => beatId);
  const said = beats.flatMap(({ id, completedAt, answer }, age) => [
    { age, label: `${isoTime(completedAt)} answered`, text: answer },
    ...(lines.get(id) ?? []).map(({ source, text, createdAt }) => {
      return { age, label: `${isoTime(createdAt)} inbox from ${source}`, text };
    }),
  ]);
  let left = budget;
  const end = said.findIndex(({ label, text }) => {
    left -= label.length + text.length;
    return left < 0;
  });
  const kept = (end === -1 ? said : said.slice(0, end)).reverse();
  const oldest = kept[0]?.age ?? 0;
  return kept.map(({ age, label, text }) => ({
    label: `main[${oldest - age}] ${label}`,
    text: shorten(text, longestText),
  }));
}

const isoTime = (ms: number) => new Date(ms).toISOString();

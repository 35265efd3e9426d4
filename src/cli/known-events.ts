import { type Context, contextOf } from '../domain/event.ts';
import { hookName } from '../mapping/mapping.ts';
import { presetName } from '../mapping/settings/preset-name.ts';
import { presetSamples } from '../mapping/sources/preset.ts';
import { type KnownEvents, neverFilled } from '../mapping/warnings/filled.ts';
import { type Located, linesOf, type WholeRule, writtenAt } from '../mapping/warnings/warning.ts';
import { wholeRules } from '../mapping/warnings/warnings.ts';
import type { Settings } from '../settings.ts';
import type { Executor } from '../store/database.ts';
import { latestEvents } from '../store/queries/events.ts';
import { isFileError } from '../store/sqlite/file-error.ts';
import { peekIntoStore } from '../store/sqlite/sqlite-store.ts';
import { storeOf } from '../store/store-url.ts';

/** What is looked at, so that a check takes a moment and no more. */
const mostEvents = 50;
const maxBytes = 262_144;
const maxMs = 3000;

/**
 * What the mappings of a config count on and no event that is known has: for those of presets these are their samples, for the owner's
 * own the newest in the store, where there is one. A line for each, with file, line and key.
 */
export async function warningsByEvents({ loaded, config, table }: Settings): Promise<string[]> {
  const store = await peekIntoStore(storeOf(config.store.url).file);
  const until = Date.now() + maxMs;
  const found: Located[] = [];
  try {
    for (const placed of wholeRules(table.rules)) {
      if (Date.now() > until) break;
      const isOwn = placed.origin === 'config';
      const known = isOwn ? store && (await storedFor(placed, store)) : samplesFor(placed, config.hooks.presets);
      const problems = known ? neverFilled(placed.rule, known) : [];
      const written = { hooks: config.hooks, locate: loaded.locate };
      found.push(...problems.map((problem) => writtenAt(placed, problem, written)));
    }
  } finally {
    await store?.destroy();
  }
  return linesOf(found);
}

/** The newest events at the hook of a rule; of a rule for any hook, those that it took. */
async function storedFor({ id, rule }: WholeRule, store: Executor): Promise<KnownEvents> {
  const path = rule.match?.path;
  const hook = path === undefined ? undefined : hookName(path);
  const found = await latestEvents(store, { hook, limit: mostEvents, maxBytes }).catch((error: unknown) => {
    // A store of another version, or one that is just being made.
    if (isFileError(error)) return [];
    throw error;
  });
  const events = found.filter(
    ({ mapping, outcome }) => outcome !== 'handshake' && (hook !== undefined || mapping === id),
  );
  return {
    contexts: events.flatMap((event) => readable(() => contextOf(event))),
    called: (count) => (count === 1 ? 'the last event of this hook' : `the last ${count} events of this hook`),
    shouldFit: events.every(({ outcome }) => outcome === 'filtered'),
  };
}

function readable(read: () => Context): Context[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}

/** The samples of the preset that a rule is of. */
function samplesFor({ part, rule }: WholeRule, presets: readonly string[]): KnownEvents | undefined {
  const entry = presets.find((one) => presetName(one) === part.id);
  if (entry === undefined) return undefined;
  const path = hookName(rule.match?.path ?? part.id);
  const now = new Date().toISOString();
  const contexts = Object.values(presetSamples(entry).samples).map(({ headers = {}, body }): Context => {
    const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    return { payload: body, headers: Object.fromEntries(lowered), query: {}, path, now };
  });
  return {
    contexts,
    called: (count) => `${count === 1 ? 'the one sample' : `the ${count} samples`} of this preset`,
    shouldFit: true,
  };
}

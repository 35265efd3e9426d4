import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import TestSequencer from '@jest/test-sequencer';

const Sequencer = TestSequencer.default ?? TestSequencer;

/** What takes longest, most of it in processes of its own; begun last, it would keep one core waiting for it. */
const longest = [
  'crash.test.ts',
  'crash-workflow.test.ts',
  'agent/prompt/fence.test.ts',
  'crash-in-tool.test.ts',
  'cli/refusals.test.ts',
  'cli/broken-config.test.ts',
  'http/full-disk.test.ts',
  'soak/hostile.test.ts',
  'agent/mcp/servers.test.ts',
].map((name) => fileURLToPath(new URL(`../${name}`, import.meta.url)));

/** The longest files first, then as jest has them: a fresh clone knows no times, and goes by the sizes of the files. */
export default class extends Sequencer {
  sort(tests) {
    const gone = longest.find((file) => !existsSync(file));
    if (gone !== undefined) throw new Error(`${gone} is no file any more: see ${import.meta.filename}`);
    const rank = ({ path }) => (longest.includes(path) ? longest.indexOf(path) : longest.length);
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}

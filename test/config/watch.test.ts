import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FileWatch, watchFiles } from '../../src/config/watch.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = tempDir();
// chokidar knows a missing file by `instanceof Error`, which fails across jest's realms: it reports what it else would wait for.
const options = { debounceMs: 20, onError: () => {} };
let dir: string;
let file: string;
let watch: FileWatch | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'watch-'));
  file = join(dir, 'a.json5');
  writeFileSync(file, '1');
});
afterEach(async () => {
  await watch?.close();
  watch = undefined;
});

/** The calls of `onChange`, to be awaited one by one. */
function callsOf() {
  const calls: string[][] = [];
  const waiting: ((call: string[]) => void)[] = [];
  return {
    onChange: (changed: string[]): void => {
      const next = waiting.shift();
      if (next) next(changed);
      else calls.push(changed);
    },
    next: async () => calls.shift() ?? new Promise<string[]>((resolve) => waiting.push(resolve)),
  };
}

describe('a change is noticed', () => {
  it.each<[string, () => void]>([
    ['written in place', () => writeFileSync(file, '2')],
    [
      'replaced by a rename over it',
      () => {
        writeFileSync(`${file}.new`, '2');
        renameSync(`${file}.new`, file);
      },
    ],
    [
      'moved away and written anew',
      () => {
        renameSync(file, `${file}~`);
        writeFileSync(file, '2');
        unlinkSync(`${file}~`);
      },
    ],
    ['removed', () => unlinkSync(file)],
  ])('of a file that is %s, and of the next one as well', async (_title, change) => {
    const calls = callsOf();
    watch = await watchFiles([file], calls.onChange, options);
    change();
    expect(await calls.next()).toEqual([file]);
    writeFileSync(file, '3 and more');
    expect(await calls.next()).toEqual([file]);
  });

  it('of a file that was missing', async () => {
    const calls = callsOf();
    const missing = join(dir, 'later/.env');
    watch = await watchFiles([missing], calls.onChange, options);
    mkdirSync(join(dir, 'later'));
    writeFileSync(missing, 'A=1');
    expect(await calls.next()).toEqual([missing]);
  });

  it('in a folder at any depth, also when the folder was made anew, but not in its node_modules', async () => {
    const calls = callsOf();
    const folder = join(dir, 'transforms');
    const deep = join(folder, 'lib/deep.ts');
    mkdirSync(join(folder, 'lib'), { recursive: true });
    mkdirSync(join(folder, 'node_modules'));
    watch = await watchFiles([folder], calls.onChange, options);
    writeFileSync(join(folder, 'node_modules/x.js'), '1');
    writeFileSync(deep, '1');
    expect(await calls.next()).toEqual([deep]);
    rmSync(folder, { recursive: true });
    expect(await calls.next()).toContain(folder);
    mkdirSync(join(folder, 'lib'), { recursive: true });
    writeFileSync(deep, '2');
    expect(await calls.next()).toContain(folder);
  });
});

it('a burst of changes is one call, and other files beside the watched ones are none', async () => {
  const calls = callsOf();
  const [second, last] = [join(dir, 'b.json5'), join(dir, 'c.json5')];
  watch = await watchFiles([file, second, last], calls.onChange, { ...options, debounceMs: 100 });
  writeFileSync(join(dir, 'other.json5'), '1');
  for (let i = 0; i < 20; i++) writeFileSync(file, `${i}`);
  writeFileSync(second, '1');
  expect((await calls.next()).toSorted()).toEqual([file, second]);
  writeFileSync(last, '1');
  expect(await calls.next()).toEqual([last]);
});

describe('while a call is under way', () => {
  it('the next one waits, and what the first one throws is reported', async () => {
    const second = join(dir, 'b.json5');
    const { log, errors, calls, release } = await slowCall([file, second]);
    await changeAndNotice(second);
    release.resolve();
    expect(await calls.next()).toEqual([second]);
    expect(log.slice(0, 3)).toEqual(['start a.json5', 'end a.json5', 'start b.json5']);
    expect(errors).toContainEqual(new Error('refused'));
  });

  it('close waits for its end, and nothing is watched afterwards, even if the call asks for it', async () => {
    const { log, release } = await slowCall([file]);
    const closing = watch?.close().then(() => log.push('closed'));
    await watch?.update([file]);
    release.resolve();
    await closing;
    await changeAndNotice(file);
    expect(log).toEqual(['start a.json5', 'end a.json5', 'closed']);
  });
});

/** Watches, changes `file`, and settles when the call for it has begun; it and later calls end, with an error, after `release`. */
async function slowCall(paths: string[]) {
  const calls = callsOf();
  const release = Promise.withResolvers<void>();
  const log: string[] = [];
  const errors: unknown[] = [];
  async function onChange(changed: string[]): Promise<void> {
    log.push(`start ${changed.map((path) => basename(path))}`);
    calls.onChange(changed);
    await release.promise;
    log.push(`end ${changed.map((path) => basename(path))}`);
    throw new Error('refused');
  }
  watch = await watchFiles(paths, onChange, { debounceMs: 10, onError: (error) => errors.push(error) });
  writeFileSync(file, '2');
  await calls.next();
  return { log, errors, calls, release };
}

/** Changes a file and settles when a watch of its own has noticed. */
async function changeAndNotice(path: string): Promise<void> {
  const calls = callsOf();
  const own = await watchFiles([path], calls.onChange, { ...options, debounceMs: 50 });
  writeFileSync(path, '2');
  await calls.next();
  await own.close();
}

it('an update changes what is watched', async () => {
  const calls = callsOf();
  const second = join(dir, 'b.json5');
  watch = await watchFiles([file], calls.onChange, options);
  await watch.update([second]);
  writeFileSync(file, '2');
  writeFileSync(second, '2');
  expect(await calls.next()).toEqual([second]);
});

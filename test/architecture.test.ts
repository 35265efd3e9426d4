import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

/** From the bottom up. A part imports from itself and from ranks below its own; parts of one rank know nothing of each other. */
const ranks = [
  ['domain'],
  ['schema'],
  ['store', 'verify', 'channels'],
  // Above the channels, since its settings say which of them a heartbeat or a reply goes to.
  ['agent'],
  ['queue', 'mapping'],
  ['ingest'],
  ['runtime'],
  ['http'],
  // So high, since it composes the settings of which each part owns its slice.
  ['config'],
  ['settings.ts'],
  ['reload.ts'],
  ['gateway'],
  ['gimli.ts'],
  ['index.ts', 'cli'],
];
const src = fileURLToPath(new URL('../src/', import.meta.url));
const files = (fs.readdirSync(src, { recursive: true }) as string[])
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => file.endsWith('.ts'));
const text = new Map(files.map((file) => [file, fs.readFileSync(src + file, 'utf8')]));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** The files of src that a file imports, types included. */
function importsOf(file: string): string[] {
  const found = (text.get(file) ?? '').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, target = '']) => path.posix.join(path.posix.dirname(file), target));
}

/** The names that a file declares and exports. */
function exportsOf(file: string): string[] {
  const declared =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;
  return [...new Set([...(text.get(file) ?? '').matchAll(declared)].map(([, name = '']) => name))];
}

function partOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function rankOf(part: string): number {
  return ranks.findIndex((parts) => parts.includes(part));
}

describe('the source', () => {
  it('has only parts that have a rank', () => {
    expect([...new Set(files.map(partOf))].filter((part) => rankOf(part) === -1)).toEqual([]);
  });

  it('imports only files that exist', () => {
    const broken = files.flatMap((file) => (imports.get(file) ?? []).filter((to) => !text.has(to)).map(arrow(file)));
    expect(broken).toEqual([]);
  });

  it('imports only downwards', () => {
    const upwards = files.flatMap((file) =>
      (imports.get(file) ?? [])
        .filter((to) => {
          const [from, target] = [partOf(file), partOf(to)];
          return from !== target && rankOf(target) >= rankOf(from);
        })
        .map(arrow(file)),
    );
    expect(upwards).toEqual([]);
  });

  it('offers from its public API only the gateway, what transforms need, and errors', () => {
    expect(imports.get('index.ts')).toEqual(['domain/errors.ts', 'gimli.ts', 'mapping/transform/define-transform.ts']);
  });

  it('has no files that import each other in a circle', () => {
    expect(cycles()).toEqual([]);
  });

  it('has no file of more than 400 lines', () => {
    const long = files.filter((file) => (text.get(file) ?? '').trimEnd().split('\n').length > 400);
    expect(long).toEqual([]);
  });

  it('exports by name only', () => {
    const defaults = files.filter((file) => /^export default\b|\bas default\b/m.test(text.get(file) ?? ''));
    expect(defaults).toEqual([]);
  });

  it('exports no name from two files, but for commands that are named after what they do', () => {
    const places = new Map<string, string[]>();
    for (const file of files) {
      const side = partOf(file) === 'cli' ? 'the commands' : 'the rest';
      for (const name of exportsOf(file)) {
        const key = `${name} of ${side}`;
        places.set(key, [...(places.get(key) ?? []), file]);
      }
    }
    const twice = [...places].filter(([, where]) => where.length > 1);
    expect(twice.map(([name, where]) => `${name}: ${where.join(', ')}`)).toEqual([]);
  });

  it('has no file or folder whose name says nothing', () => {
    const vague = files.filter((file) => /(^|[/-])(utils?|helpers?|common|managers?|types)(?=[/.-])/.test(file));
    expect(vague).toEqual([]);
  });
});

function arrow(file: string): (to: string) => string {
  return (to) => `src/${file} → src/${to}`;
}

/** Each circle once, as the way round it. */
function cycles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  function visit(file: string, way: readonly string[]): void {
    const begin = way.indexOf(file);
    if (begin !== -1) found.push([...way.slice(begin), file].join(' → '));
    if (begin !== -1 || done.has(file)) return;
    for (const to of imports.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  }
  for (const file of files) visit(file, []);
  return found;
}

import fs from 'node:fs';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { createTransforms, type TransformOptions, type TransformSpec } from '../../src/mapping/transform/transform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { contextOf, occasionOf } from './fixtures.ts';

/** Makes folders of transforms, whose threads end with the tests of the file. */
export function transformFolders() {
  const root = tempDir();
  const opened: { close(): Promise<void> }[] = [];
  afterAll(() => Promise.all(opened.map((transforms) => transforms.close())));

  function make(files: Record<string, string>, options: Partial<TransformOptions> = {}) {
    const dir = fs.mkdtempSync(path.join(root, 'transforms-'));
    const write = (name: string, text: string) => {
      fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
      fs.writeFileSync(path.join(dir, name), text);
    };
    for (const [name, text] of Object.entries(files)) write(name, text);
    const transforms = createTransforms({ dir, ...options });
    opened.push(transforms);
    const run = async (spec: TransformSpec, payload: unknown = {}, body = JSON.stringify(payload)) => {
      const context = contextOf(payload, { headers: { 'x-a': '1' }, query: { q: '2' } });
      const [patch] = await transforms.run(spec, [{ context, each: undefined }], occasionOf(Buffer.from(body)));
      return patch;
    };
    return { dir, write, transforms, run };
  }

  return { root, make };
}

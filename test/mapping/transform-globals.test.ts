import { describe, expect, it } from '@jest/globals';
import type { TransformLine } from '../../src/mapping/transform/call.ts';
import { transformFolders } from './transform-folders.ts';

const folders = transformFolders();

/** Each is done by a module to the globals of its thread, where it stays. */
const patches = [
  'JSON.stringify = JSON.parse = () => "patched"',
  'globalThis.JSON = undefined',
  'Object.keys = Object.entries = Object.fromEntries = () => []; Object.hasOwn = () => false',
  'Object.isFrozen = Object.freeze = () => true; Array.isArray = () => true',
  'Array.prototype.map = Array.prototype.flatMap = Array.prototype.every = Array.prototype.push = () => []',
  'Array.prototype.toJSON = Object.prototype.toString = () => "patched"',
  'WeakMap.prototype.get = Map.prototype.has = () => ["Obey"]',
  'Buffer.from = () => "patched"; globalThis.Buffer = undefined',
  'Promise.prototype.then = () => {}; Promise.resolve = () => {}',
  'globalThis.console = undefined; process.stdout.write = undefined',
  'process.env = {}; process.removeAllListeners()',
  'Error.prepareStackTrace = () => { throw 1 }; Error.stackTraceLimit = 0',
];

describe('a module that patches the globals of its thread', () => {
  it.each(patches)('changes nothing for the events after it: %s', async (patch) => {
    const lines: TransformLine[] = [];
    const { transforms, run } = folders.make(
      {
        'a.js': `export default (ctx) => {
          if (ctx.payload.patch) { ${patch}; }
          if (ctx.payload.throw) throw new Error('boom');
          return { name: ctx.payload.name, message: ctx.prompt\`Do \${ctx.payload.list}: \${ctx.payload}\` };
        };`,
      },
      { onLine: (line) => lines.push(line) },
    );
    const spec = { module: 'a.js', timeoutMs: 2000 };
    await transforms.check([spec], true);
    // The patch itself may fail its own call, but it answers all the same.
    await run(spec, { patch: true, name: 'x' }).catch(() => {});
    const payload = { name: 'n', list: ['a', { b: 1 }], text: 'y' };
    for (let times = 0; times < 3; times += 1) {
      expect(await run(spec, payload)).toMatchObject({
        name: 'n',
        message: ['Do ', { path: 'value1' }, ': ', { path: 'value2', value: expect.stringContaining('"y"') }],
      });
    }
    await expect(run(spec, { throw: true })).rejects.toThrow('boom');
  });
});

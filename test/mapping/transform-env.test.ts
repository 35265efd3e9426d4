import { describe, expect, it } from '@jest/globals';
import { transformFolders } from './transform-folders.ts';

const folders = transformFolders();
const spec = { module: 'a.js' };
const source = `const atLoad = process.env.KEY;
  export default () => ({ name: [atLoad, process.env.KEY, process.env.NONE, 'NODE_OPTIONS' in process.env].join(' ') });`;

describe('the environment of a transform', () => {
  it('is the one it was given, and a new one after a reload', async () => {
    const { transforms, run } = folders.make({ 'a.js': source });
    const env = { KEY: 'one', NONE: undefined, NODE_OPTIONS: '--no-such-option' };
    expect(await transforms.check([spec], true, env)).toEqual([null]);
    expect(await run(spec)).toEqual({ name: 'one one  false' });
    expect(await transforms.check([spec], true, { KEY: 'two' })).toEqual([null]);
    expect(await run(spec)).toEqual({ name: 'two two  false' });
  });

  it('stays when files are edited, and when what would change it is refused', async () => {
    const { transforms, run, write } = folders.make({ 'a.js': source });
    await transforms.check([spec], true, { KEY: 'one' });
    write('a.js', `${source}\n`);
    expect(await run(spec)).toMatchObject({ name: 'one one  false' });
    expect(await transforms.check([spec, { module: 'none.js' }], true, { KEY: 'two' })).toHaveLength(2);
    expect(await run(spec)).toMatchObject({ name: 'one one  false' });
  });

  it('keeps its threads while it is the same', async () => {
    const { transforms, run } = folders.make({
      'a.js': 'let calls = 0; export default () => ({ timeoutSeconds: ++calls });',
    });
    await transforms.check([spec], true, { KEY: 'one' });
    expect(await run(spec)).toEqual({ timeoutSeconds: 1 });
    await transforms.check([spec], true, { KEY: 'one' });
    expect(await run(spec)).toEqual({ timeoutSeconds: 2 });
  });

  it('is no way to change that of the gateway', async () => {
    const { transforms, run } = folders.make({
      'a.js': 'export default () => { process.env.SET_BY_A_TRANSFORM = "1"; return {}; };',
    });
    await transforms.check([spec], true);
    await run(spec);
    expect(process.env.SET_BY_A_TRANSFORM).toBeUndefined();
  });
});

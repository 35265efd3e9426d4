import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { plain } from '../../src/domain/text/text.ts';
import { createTransforms } from '../../src/mapping/transform/transform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { contextOf, occasionOf } from './fixtures.ts';

const dir = fileURLToPath(new URL('../../transforms/', import.meta.url));
const transforms = createTransforms({ dir });
const [sentry, uptime] = ['sentry-issue.ts', 'uptime-check.js'].map((module) => ({ module }));

async function run(spec: { module: string } | undefined, payload: unknown) {
  const element = { context: contextOf(payload), each: undefined };
  const [patch] = await transforms.run(spec ?? { module: '' }, [element], occasionOf(Buffer.from('{}')));
  if (!patch) return patch;
  const { message, text, ...rest } = patch;
  return { ...rest, shown: plain(message ?? text ?? [], () => undefined) };
}

const issue = {
  shortId: 'SHOP-1A',
  title: 'TypeError: price is undefined',
  culprit: 'checkout(cart)',
  level: 'error',
  web_url: 'https://sentry.example/issues/1',
  project: { name: 'shop' },
};

describe('the worked transforms', () => {
  beforeAll(async () => {
    const modules = fs.readdirSync(dir).filter((file) => path.extname(file) !== '.md');
    expect(modules.sort()).toEqual([sentry?.module, uptime?.module]);
    expect(
      await transforms.check(
        modules.map((module) => ({ module })),
        true,
      ),
    ).toEqual([null, null]);
  });
  afterAll(() => transforms.close());

  it('make a run of a new error, with more thought for a fatal one', async () => {
    const facts =
      'Project: shop\nError: TypeError: price is undefined\nWhere: checkout(cart)\nLink: https://sentry.example/issues/1';
    const task = 'A new error was reported in production. Say what probably causes it and where to look first.';
    expect(await run(sentry, { action: 'created', data: { issue } })).toEqual({
      name: 'Sentry',
      sessionKey: 'hook:sentry:SHOP-1A',
      shown: `${task}\n\n${facts}`,
    });
    expect(await run(sentry, { action: 'created', data: { issue: { ...issue, level: 'fatal' } } })).toEqual({
      name: 'Sentry',
      sessionKey: 'hook:sentry:SHOP-1A',
      thinking: 'high',
      shown: `${task}\nIt stops the program, so begin with how to get it running again.\n\n${facts}`,
    });
  });

  it('skip an error that is resolved, and a warning', async () => {
    expect(await run(sentry, { action: 'resolved', data: { issue } })).toBeNull();
    expect(await run(sentry, { action: 'created', data: { issue: { ...issue, level: 'warning' } } })).toBeNull();
  });

  it('make a run of a monitor that is down, and a line of one that is up again', async () => {
    const monitor = { name: 'Shop', url: 'https://shop.example' };
    expect(await run(uptime, { monitor, heartbeat: { status: 0, msg: 'connect ECONNREFUSED' } })).toEqual({
      sessionKey: 'hook:uptime:Shop',
      shown:
        'A monitor of mine is down. Tell me in two sentences what that means and what to try first.\n\n' +
        'Monitor: Shop (https://shop.example)\nReason: connect ECONNREFUSED',
    });
    expect(await run(uptime, { monitor, heartbeat: { status: 1, msg: '200 - OK' } })).toEqual({
      action: 'wake',
      wakeMode: 'next-heartbeat',
      shown: 'Shop is up again.',
    });
    expect(await run(uptime, { msg: 'Testing' })).toBeNull();
  });

  it('have a test that runs where nothing is installed', async () => {
    const elsewhere = tempDir();
    const [, snippet = ''] =
      /```js\n(\/\/ sentry-issue\.test\.ts.*?)```/s.exec(fs.readFileSync(path.join(dir, 'README.md'), 'utf8')) ?? [];
    fs.copyFileSync(path.join(dir, 'sentry-issue.ts'), path.join(elsewhere, 'sentry-issue.ts'));
    fs.writeFileSync(path.join(elsewhere, 'package.json'), '{ "type": "module" }');
    fs.writeFileSync(path.join(elsewhere, 'sentry-issue.test.ts'), snippet);
    const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd: elsewhere,
    });
    expect(stdout).toMatch(/^# pass 2$/m);
  });
});

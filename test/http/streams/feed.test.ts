import { expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken } from '../../support/gateway.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

const gateway = await tempGateway();

/** The events of the feed so far, each as `[kind, data]`. */
async function openFeed(path = '/api/feed') {
  const away = new AbortController();
  const response = await fetch(gateway.url + path, {
    headers: { Authorization: `Bearer ${gatewayToken}` },
    signal: away.signal,
  });
  const heard: [string, Record<string, unknown>][] = [];
  const read = async () => {
    let rest = '';
    for await (const piece of response.body ?? []) {
      const parts = (rest + Buffer.from(piece).toString()).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const [, kind = '', data = '{}'] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
        if (kind !== '') heard.push([kind, JSON.parse(data)]);
      }
    }
  };
  const done = read().catch(() => undefined);
  const close = () => {
    away.abort();
    return done;
  };
  return { response, heard, close };
}

it('the feed tells of what is received, and of each run from its beginning to its end', async () => {
  const feed = await openFeed();
  expect(feed.response.headers.get('content-type')).toBe('text/event-stream');
  const { body } = await gateway.post('agent', { message: 'hello', wakeMode: 'next-heartbeat' });
  await gateway.post('nobody', {});
  await gateway.ended(body.runId);
  await eventually(async () => feed.heard.filter(([kind]) => kind === 'run').length >= 2);
  expect(feed.heard).toContainEqual(['event', { hook: 'agent', outcome: 'accepted' }]);
  expect(feed.heard).toContainEqual(['event', { hook: 'nobody', outcome: 'filtered' }]);
  expect(feed.heard).toContainEqual(['run', { runId: body.runId, workflowRunId: null }]);
  await feed.close();
});

it('the feed is for the owner alone', async () => {
  expect((await fetch(`${gateway.url}/api/feed`)).status).toBe(401);
  expect((await gateway.get('feed')).status).not.toBe(200);
});

it('an open feed does not hold up a stop', async () => {
  const feed = await openFeed();
  await gateway.stop();
  await feed.close();
});

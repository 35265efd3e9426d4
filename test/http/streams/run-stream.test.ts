import type http from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { serve } from '../../agent/model-server.ts';
import { chunk } from '../../agent/streamed-answers.ts';
import { atEnd } from '../../support/at-end.ts';
import { listen } from '../../support/event-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { gatewayToken, hookToken } from '../../support/gateway.ts';
import { providerError, startModel, toolCalls } from '../../support/model.ts';
import { tempGateway } from '../../support/temp-gateway.ts';

/** Lets the calls that wait go on. */
const release: (() => void)[] = [];
const long = 'It is a long story, and it is told piece by piece.';
const model = await startModel(({ prompt, results }) => {
  if (prompt.includes('with wrong tools') && results.length === 0) return toolCalls(['report', { words: 'Rain.' }]);
  if (prompt.includes('with tools') && results.length === 0) return toolCalls(['report', { text: 'Rain.' }]);
  if (prompt.includes('slow')) return new Promise<string>((resolve) => release.push(() => resolve(long)));
  if (prompt.includes('fail')) return providerError(400, 'no');
  return long;
});
/** Says how its first answer begins, and can cut it off then; the next one is whole. */
const begun: http.ServerResponse[] = [];
const says = (...chunks: object[]) => chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
const shaky = await serve((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  if (begun.push(res) === 1) res.write(says(chunk({ content: 'It is sh' })));
  else res.end(says(chunk({ content: long }), chunk({}, 'stop')));
});
atEnd(() => shaky.stop());
const gateway = await tempGateway({
  agents: {
    ...model.agents,
    providers: { ...model.agents.providers, shaky: { api: 'openai-chat', baseURL: shaky.url, apiKey: 'k' } },
  },
  hooks: { mappings: [{ match: { path: 'tools' }, messageTemplate: 'Look {{how}}', tools: ['report'] }] },
});
const quiet = { deliver: false, wakeMode: 'next-heartbeat' };
const start = async (message: string): Promise<string> =>
  (await gateway.post('agent', { message, ...quiet })).body.runId;
const stream = (runId: string) => listen(`${gateway.url}/hooks/runs/${runId}/stream`, hookToken);
const running = (runId: string) =>
  eventually(async () => (await gateway.get(`runs/${runId}`)).body.run.status === 'running');
const textOf = (heard: readonly { event: string; data: { text?: string } }[]) =>
  heard.flatMap(({ event, data }) => (event === 'text' ? [data.text] : []));
const toolsOf = (heard: readonly { event: string; data: object }[]) =>
  heard.flatMap(({ event, data }) => (event === 'tool' ? [data] : []));

describe('GET /hooks/runs/:runId/stream', () => {
  it('tells of a run from the first to the last, its text in pieces between', async () => {
    const runId = await start('be slow');
    await running(runId);
    const listening = await stream(runId);
    expect((await listening.first('run')).run).toMatchObject({ runId, status: 'running' });
    for (const go of release.splice(0)) go();
    const heard = await listening.ended;
    const texts = textOf(heard);
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join('')).toBe(long);
    expect(heard.at(-1)).toMatchObject({ event: 'run', data: { run: { status: 'completed', outputText: long } } });
  });

  it('tells of each call of a tool when it begins and when it has ended, but not what is between the run and its owner', async () => {
    const { body } = await gateway.post('tools', { how: 'with tools, be slow' });
    const listening = await stream(body.runId);
    const owners = await listen(`${gateway.url}/api/runs/${body.runId}/stream`, gatewayToken);
    await eventually(() => release.length > 0);
    for (const go of release.splice(0)) go();
    const heard = await listening.ended;
    const [call, input] = [{ call: 0, name: 'report' }, '{"text":"Rain."}'];
    const result = { resultChars: expect.any(Number), ms: expect.any(Number) };
    expect(toolsOf(heard)).toEqual([call, { ...call, ...result, failed: false }]);
    expect(toolsOf(await owners.ended)).toEqual([
      { ...call, input },
      { ...call, input, ...result, error: null },
    ]);
    expect(heard.at(-1)?.data.run.status).toBe('completed');
  });

  it('tells that a call has failed, and why to the owner alone', async () => {
    const { body } = await gateway.post('tools', { how: 'with wrong tools, be slow' });
    const listening = await stream(body.runId);
    const owners = await listen(`${gateway.url}/api/runs/${body.runId}/stream`, gatewayToken);
    await eventually(() => release.length > 0);
    for (const go of release.splice(0)) go();
    const [tool, ownersTool] = [toolsOf(await listening.ended).at(-1), toolsOf(await owners.ended).at(-1)];
    expect(tool).toMatchObject({ name: 'report', failed: true });
    expect(tool).not.toHaveProperty('error');
    expect(ownersTool).toMatchObject({ name: 'report', error: expect.stringContaining('text') });
  });

  it('tells who comes later what was said so far', async () => {
    const { body } = await gateway.post('tools', { how: 'with tools, be slow' });
    await eventually(() => release.length > 0);
    const listening = await stream(body.runId);
    await eventually(() => listening.heard.filter(({ event }) => event === 'tool').length === 2);
    for (const go of release.splice(0)) go();
    expect(textOf(await listening.ended).join('')).toBe(long);
  });

  it('tells that another attempt begins, so that the texts since then are its whole answer', async () => {
    const { body } = await gateway.post('agent', { message: 'Tell it', model: 'shaky/m', ...quiet });
    const listening = await stream(body.runId);
    await listening.first('text');
    begun[0]?.destroy();
    const heard = await listening.ended;
    const restarts = heard.flatMap(({ event }, at) => (event === 'restart' ? [at] : []));
    expect(restarts).toHaveLength(1);
    expect(textOf(heard.slice(0, restarts[0]))).toEqual(['It is sh']);
    expect(textOf(heard.slice(restarts[0])).join('')).toBe(long);
    expect(heard.at(-1)?.data.run).toMatchObject({ status: 'completed', attempts: 2 });
  });

  it('of a run that has ended is its end', async () => {
    const runId = await start('fail');
    await gateway.ended(runId);
    expect(await (await stream(runId)).ended).toMatchObject([
      { event: 'run', data: { run: { runId, status: 'error', errorCode: 'provider' } } },
    ]);
  });

  it('of an unknown run is a 404, and needs the token', async () => {
    await expect(stream('nobody')).rejects.toThrow('404 {"ok":false,"error":"run not found","code":"not-found"}');
    await expect(listen(`${gateway.url}/hooks/runs/x/stream`, 'wrong')).rejects.toThrow('401');
  });

  it('ends when the caller hangs up, and the run goes on', async () => {
    const runId = await start('be slow');
    const listening = await stream(runId);
    await listening.first('run');
    listening.stop();
    await eventually(() => release.length > 0);
    for (const go of release.splice(0)) go();
    expect(await gateway.ended(runId)).toMatchObject({ status: 'completed', outputText: long });
  });
});

it('the owner can also follow heartbeats', async () => {
  await gateway.post('wake', { text: 'be slow' });
  await eventually(() => release.length > 0);
  const { body } = await gateway.api('GET', '/runs?kind=heartbeat&status=running');
  const [beat] = body.runs;
  await expect(stream(beat.runId)).rejects.toThrow('404');
  const listening = await listen(`${gateway.url}/api/runs/${beat.runId}/stream`, gatewayToken);
  for (const go of release.splice(0)) go();
  expect((await listening.ended).at(-1)).toMatchObject({ event: 'run', data: { run: { status: 'completed' } } });
});

it('a stop of the gateway ends the streams', async () => {
  const runId = await start('be slow');
  const listening = await stream(runId);
  await listening.first('run');
  await gateway.stop();
  await expect(listening.ended).resolves.toBeDefined();
});

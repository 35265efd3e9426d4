import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach } from '@jest/globals';
import { atEnd } from '../support/at-end.ts';
import { nativeAimock } from '../support/native.ts';

interface Recorded {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** Listens on a free port until `stop`, which cuts open connections. */
export async function serve(handler: http.RequestListener): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A model server until the tests of the file are over, with nothing in it when a test begins. */
export async function modelServer() {
  const server = await startModelServer();
  atEnd(() => server.stop());
  beforeEach(() => {
    server.mock.reset();
    server.requests.length = 0;
  });
  return server;
}

/** aimock with a recorder in front of it: aimock's own journal leaves out fields such as `thinking`. */
export async function startModelServer() {
  const { LLMock } = await nativeAimock();
  const mock = new LLMock({ port: 0 });
  await mock.start();
  const requests: Recorded[] = [];
  const recorder = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    requests.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(body.toString()) });
    const forward = http.request(
      mock.url + request.url,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    forward.on('error', () => response.destroy());
    forward.end(body);
  });
  return {
    url: recorder.url,
    mock,
    requests,
    async stop() {
      await recorder.stop();
      await mock.stop();
    },
  };
}

import http, { type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** An address that takes requests. */
export interface Listener {
  /** Resolves to the port. */
  listen(port: number, host: string): Promise<number>;
  /** Stops listening and waits for the answers under way. */
  close(): Promise<void>;
  /** aborts when it begins to close */
  readonly closing: AbortSignal;
}

/** A stop waits this long for answers under way. */
const longestCloseMs = 5000;
/** How long a caller who sent no proper request may take to read what was wrong with it. */
const lingerMs = 1000;

/** How patient it is. */
export interface Patience {
  /** how long a request may take to arrive whole, so that a trickle cannot hold a connection; in ms */
  readonly requestMs?: number | undefined;
  /** how long a caller may read nothing of an answer that is there for it, so that no unread answer stays in memory; in ms */
  readonly unreadMs?: number | undefined;
}

export function createListener(
  answer: RequestListener,
  { requestMs = 30_000, unreadMs = 30_000 }: Patience = {},
): Listener {
  const closing = new AbortController();
  const handle: RequestListener = (req, res) => {
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    // A client that keeps its connection busy would hold up the stop for ever.
    if (closing.signal.aborted) res.setHeader('Connection', 'close');
    // Node's timer begins anew whenever some of the answer has gone out. One that is still in the making leaves nothing unsent.
    res.setTimeout(unreadMs, () => {
      if (req.socket.writableLength > 0) req.socket.destroy();
    });
    req.url = pathOf(req.url ?? '');
    answer(req, res);
  };
  const server = http.createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: Math.min(10_000, requestMs),
      connectionsCheckingInterval: 1000,
      // Node would answer by itself, with none of our headers; so it would an expectation that it does not know.
      requireHostHeader: false,
    },
    handle,
  );
  server.on('checkExpectation', handle);
  server.on('clientError', answerBrokenRequest);

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        const late = setTimeout(() => server.closeAllConnections(), longestCloseMs);
        // A connection whose last answer was under way would be kept alive for a next request.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(late);
          clearInterval(sweep);
          resolve();
        });
      }),
    closing: closing.signal,
  };
}

/** The target of a request without the host that it may name. Express would answer a URL that it cannot read with a page of its own. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** Requests that Node could not parse, or that did not arrive in time, never reach what answers. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'the request took too long to arrive']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', `the URL and the headers are larger than ${http.maxHeaderSize} bytes`]
        : ['400 Bad Request', 'this is not an HTTP request'];
  const body = JSON.stringify({ ok: false, error: text });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // Not at once, since cutting a connection with unread bytes can lose the answer; but nobody may keep it.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

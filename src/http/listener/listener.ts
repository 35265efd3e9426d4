import http, { type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refusalStatus } from '../../domain/refusal.ts';
import { errorBody } from '../errors.ts';
import { type ConnectionLimits, type Cut, createConnections } from './connections.ts';
import { type Fault, faultOf, faultOfConnect, faultOfError } from './strict-request.ts';

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
/** How long a connection is kept for a next request. */
const keepAliveMs = 5000;
/** With 20 KB each, and a head of 16 KB that is not whole, they stay within 100 MB. */
const mostConnections = 2000;
/**
 * Hardly a client asks for a second thing before it has the first. Node takes all requests apart that it has read at once, up to 64 KB, and
 * reads on until 16 KB of answers wait for their reader: ordinary requests and answers are about 500 then. What is cut early costs least.
 */
const mostOpenRequests = 512;
const mostRequestsAhead = 2000;

/** A request or connection that the listener itself refused. */
export interface Broken {
  /** what it was answered; also where it was cut without an answer */
  readonly status: number;
  readonly reason: string;
  /** of the other end of the connection, which may be a proxy's */
  readonly address: string;
}

export interface ListenerOptions extends Partial<Pick<ConnectionLimits, 'most' | 'mostOpen' | 'mostAhead'>> {
  /** how long a request may take to arrive whole, so that a trickle cannot hold a connection; in ms */
  readonly requestMs?: number | undefined;
  /** how long a caller may read nothing of an answer that is there for it, so that no unread answer stays in memory; in ms */
  readonly unreadMs?: number | undefined;
  /** hears of all that never reaches what answers */
  readonly onBroken?: ((broken: Broken) => void) | undefined;
}

const cutFor: Readonly<Record<Cut, Fault>> = {
  full: { code: 'busy', reason: 'too many connections: its place was given to another address' },
  idle: { code: 'timeout', reason: 'the connection brought no request' },
  ahead: { code: 'busy', reason: 'too many requests came before the answers to earlier ones were read' },
};
const noPlace: Fault = { code: 'busy', reason: 'there are too many connections; try again' };

export function createListener(answer: RequestListener, options: ListenerOptions = {}): Listener {
  const { requestMs = 30_000, unreadMs = 30_000, onBroken = () => {} } = options;
  const { most = mostConnections, mostOpen = mostOpenRequests, mostAhead = mostRequestsAhead } = options;
  const closing = new AbortController();
  const headMs = Math.min(10_000, requestMs);
  const limits = { most, mostOpen, mostAhead, idleMs: headMs + Math.min(keepAliveMs, requestMs) };
  const addresses = new WeakMap<Socket, string>();
  const reported = new WeakSet<Socket>();
  // Each ends its connection, which may be found idle while its answer is on the way.
  const report = (socket: Socket, { code, reason }: Fault) => {
    if (reported.has(socket)) return;
    reported.add(socket);
    onBroken({ status: refusalStatus[code], reason, address: addresses.get(socket) ?? 'unknown' });
  };
  const connections = createConnections(limits, (socket, why) => {
    socket.destroy();
    report(socket, cutFor[why]);
  });

  function refuseRaw(socket: Socket, fault: Fault): void {
    report(socket, fault);
    socket.end(rawAnswer(fault));
    // Not at once, since cutting a connection with unread bytes can lose the answer; but nobody may keep it.
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  const handle: RequestListener = (req, res) => {
    if (!connections.begin(req, res)) return;
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    const fault = faultOf(req);
    if (fault) {
      report(req.socket, fault);
      const body = bodyOf(fault);
      const headers = { Connection: 'close', 'Content-Type': 'application/json; charset=utf-8' };
      return void res
        .writeHead(refusalStatus[fault.code], { ...headers, 'Content-Length': Buffer.byteLength(body) })
        .end(body);
    }
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
      headersTimeout: headMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 1000,
      // Of a body that nobody reads yet, no more than one chunk is taken.
      highWaterMark: 16 * 1024,
      insecureHTTPParser: false,
      // Node would answer by itself, with none of our headers; so it would an expectation that it does not know.
      requireHostHeader: false,
    },
    handle,
  );
  // Else Node would leave out those beyond a number, in silence.
  server.maxHeadersCount = 0;
  server.on('checkExpectation', handle);
  server.on('connection', (socket: Socket) => {
    addresses.set(socket, socket.remoteAddress ?? 'unknown');
    if (connections.enter(socket)) return;
    report(socket, noPlace);
    socket.end(rawAnswer(noPlace), () => socket.destroy());
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    refuseRaw(socket, faultOfError(error));
  });
  // Node would cut it without a word.
  server.on('connect', (_req, duplex) => {
    const socket = duplex as Socket;
    socket.on('error', () => socket.destroy());
    if (!connections.isBusy(socket)) return refuseRaw(socket, faultOfConnect);
    // An answer now would pass for that to a request before.
    socket.destroy();
    report(socket, faultOfConnect);
  });
  const sweep = setInterval(connections.sweep, Math.min(1000, limits.idleMs)).unref();

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
        const idle = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(late);
          clearInterval(idle);
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

function bodyOf({ code, reason }: Fault): string {
  return JSON.stringify(errorBody.hooks(code, reason));
}

/** For what never becomes a request that could be answered. */
function rawAnswer(fault: Fault): string {
  const body = bodyOf(fault);
  const status = refusalStatus[fault.code];
  return (
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

import type { Response } from 'express';

/** A comment this often keeps proxies from closing a stream in which nothing happens, in ms. */
const keepAliveMs = 15_000;

/** An answer that goes on: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  send(event: string, data: object): void;
  end(): void;
  /** aborts when the caller has gone */
  readonly gone: AbortSignal;
}

export function openStream(res: Response): EventStream {
  const gone = new AbortController();
  res.once('close', () => {
    clearInterval(keepAlive);
    gone.abort();
  });
  // The last is for nginx, which would keep events back.
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
  res.writeHead(200, headers).flushHeaders();
  const keepAlive = setInterval(() => res.write(':\n\n'), keepAliveMs);
  return {
    send: (event, data) => void res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => void res.end(),
    gone: gone.signal,
  };
}

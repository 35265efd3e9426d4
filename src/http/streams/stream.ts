import type { ServerResponse } from 'node:http';

/** What a client has yet to read may be this long, in characters, beside the largest event it was sent. */
const mostUnread = 1_000_000;

/** An answer that goes on: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  send(event: string, data: object): void;
  end(): void;
  /** aborts when the caller has gone, or the gateway is about to */
  readonly gone: AbortSignal;
}

/** @param keepAliveMs a comment this often keeps proxies from closing a stream in which nothing happens */
export function openStream(res: ServerResponse, closing: AbortSignal, keepAliveMs = 15_000): EventStream {
  const left = new AbortController();
  const gone = AbortSignal.any([left.signal, closing]);
  let largest = 0;
  res.once('close', () => {
    clearInterval(keepAlive);
    left.abort();
  });
  // Unheard, an error would end the process.
  res.on('error', () => {});
  // A client that does not read would hold up the stop.
  gone.addEventListener('abort', () => res.writableLength > 0 && res.destroy());
  // The last is for nginx, which would keep events back.
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
  res.writeHead(200, headers).flushHeaders();
  const keepAlive = setInterval(() => res.write(':\n\n'), keepAliveMs);
  return {
    send(event, data) {
      // Nor may it fill the memory.
      if (res.writableLength > mostUnread + largest) return void res.destroy();
      const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      largest = Math.max(largest, text.length);
      res.write(text);
    },
    end() {
      // It closes only when the client has read it all.
      clearInterval(keepAlive);
      res.end();
    },
    gone,
  };
}

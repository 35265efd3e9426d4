import net from 'node:net';
import { hookToken } from './gateway.ts';

/** A bare connection, for what no HTTP client would do. */
export interface RawConnection {
  write(data: string | Buffer): void;
  /** what the server has sent so far */
  received(): string;
  /** Reads nothing more until `resume`; what the server goes on to send fills its buffers. */
  pause(): void;
  resume(): void;
  /** Resolves once the server has ended its side or cut the connection, to all that it sent. */
  readonly ended: Promise<string>;
  /** Resolves once the connection is gone in both directions. */
  readonly closed: Promise<void>;
  /** Ends its own side; what the server still sends is received. */
  end(): void;
  destroy(): void;
}

interface ConnectOptions {
  /** keeps its own side open when the server ends, as a client might that never lets go */
  readonly halfOpen?: boolean;
  /** the address of this machine that it comes from */
  readonly from?: string;
}

export function connect(url: string, { halfOpen = false, from = '127.0.0.1' }: ConnectOptions = {}): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: halfOpen, localAddress: from });
  let received = '';
  socket.setEncoding('utf8').on('data', (data) => {
    received += data;
  });
  // A cut connection shows in `ended` and `closed`.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve(received)).once('close', () => resolve(received));
  });
  return {
    write: (data) => void socket.write(data),
    received: () => received,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    ended,
    closed,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** The head of a POST with the hook token; `headers` say how the body comes. */
export function postHead(path: string, headers: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: gimli\r\nAuthorization: Bearer ${hookToken}\r\n${headers}\r\n\r\n`;
}

import net, { type Socket } from 'node:net';

/** What is attacked, and how hard. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** what every number of sockets, fields and bytes is multiplied by */
  readonly scale: number;
  /** Where callers have addresses of their own on this machine; the first is the one that most strangers share. */
  readonly addresses: readonly string[];
}

/** A crowd of connections of strangers: how many, what they send, and how fast. */
export interface Attack {
  readonly name: string;
  /** how many are open at once: one that the gateway closes is opened anew */
  readonly sockets: number;
  /** how many it opens in a second at most */
  readonly connects: number;
  /** A connection sends a piece at once and another after each such time, but for one that the gateway does not read yet. */
  readonly everyMs: number;
  /** What the n-th connection sends; with nothing left to send it stays open. */
  pieces(n: number, target: Target): Iterable<Buffer>;
  /** leaves what the gateway says unread */
  readonly unread?: boolean;
  /** comes from many addresses */
  readonly spread?: boolean;
}

/** What went out and what came back, for the table. */
export interface Traffic {
  connections: number;
  refused: number;
  pieces: number;
  bytes: number;
  /** how many answers there were by status, where they were read */
  readonly answers: Record<string, number>;
}

/** Sends what `attack` says until it is stopped, and counts it in `traffic`. */
export function startAttack(attack: Attack, target: Target, traffic: Traffic): () => void {
  const open = new Set<Socket>();
  let [ordinal, stopped] = [0, false];
  const most = part(attack.sockets, target);

  function connect(): void {
    const localAddress = target.addresses[attack.spread ? ordinal % target.addresses.length : 0];
    const pieces = attack.pieces(ordinal, target)[Symbol.iterator]();
    ordinal += 1;
    const socket = net.connect({ host: target.host, port: target.port, ...(localAddress && { localAddress }) });
    open.add(socket);
    let beat: NodeJS.Timeout | undefined;
    const send = () => {
      if (socket.writableNeedDrain || !socket.writable) return;
      const { value, done } = pieces.next();
      if (done) return clearInterval(beat);
      socket.write(value);
      traffic.pieces += 1;
      traffic.bytes += value.length;
    };
    socket.once('connect', () => {
      traffic.connections += 1;
      send();
      beat = setInterval(send, attack.everyMs);
    });
    if (attack.unread) socket.pause();
    else socket.on('data', (data) => countAnswers(data, traffic));
    // The gateway may hang up on a stranger as it likes; that one that it does not let in counts apart.
    socket.once('error', () => {
      if (beat === undefined) traffic.refused += 1;
    });
    socket.once('close', () => {
      clearInterval(beat);
      open.delete(socket);
    });
  }

  // Ten times a second, so that a crowd does not come in one tick.
  let credit = 1;
  const opening = setInterval(() => {
    credit = Math.min(attack.connects, credit + attack.connects / 10);
    for (; credit >= 1 && !stopped && open.size < most; credit -= 1) connect();
  }, 100);

  return () => {
    stopped = true;
    clearInterval(opening);
    for (const socket of open) socket.destroy();
  };
}

/** The scaled number, at least 1. */
export function part(count: number, { scale }: Pick<Target, 'scale'>): number {
  return Math.max(1, Math.round(count * scale));
}

const statusLine = Buffer.from('HTTP/1.1 ');

function countAnswers(data: Buffer, { answers }: Traffic): void {
  for (let at = data.indexOf(statusLine); at !== -1; at = data.indexOf(statusLine, at + 1)) {
    const status = data.toString('latin1', at + 9, at + 12);
    answers[status] = (answers[status] ?? 0) + 1;
  }
}

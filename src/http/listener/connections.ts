import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../../domain/address.ts';

/** How many connections there may be, and how long one may bring no request. */
export interface ConnectionLimits {
  readonly most: number;
  /** requests of one connection that are not answered */
  readonly mostOpen: number;
  /** requests that came while another of their connection was unanswered, on all connections together */
  readonly mostAhead: number;
  readonly idleMs: number;
}

/** Why a connection is cut. */
export type Cut = 'full' | 'idle' | 'ahead';

export interface Connections {
  /** Takes a new connection in. False where there is no place for it. */
  enter(socket: Socket): boolean;
  /** Notes a request. False where its connection was cut, since too many came ahead of their answers. */
  begin(req: IncomingMessage, res: ServerResponse): boolean;
  /** Whether requests of it are not answered yet. */
  isBusy(socket: Socket): boolean;
  /** Cuts what has brought no request for too long. */
  sweep(): void;
}

interface Connection {
  readonly socket: Socket;
  readonly owner: string;
  /** requests that are not answered */
  readonly open: Set<IncomingMessage>;
  /** when the last answer was done, or else when it began */
  idleSince: number;
}

/**
 * The connections of a listener. Where all places are taken, a newcomer gets that of the address which has most, of a connection
 * whose request is not whole, so that nobody can shut others out; and since that compares what there is, a proxy from whose address
 * everything comes may have all.
 */
export function createConnections(limits: ConnectionLimits, onCut: (socket: Socket, why: Cut) => void): Connections {
  const known = new WeakMap<Socket, Connection>();
  /** by owner, those that have been waiting longest first */
  const owners = new Map<string, Set<Connection>>();
  let count = 0;
  let ahead = 0;

  function leave(connection: Connection): void {
    const own = owners.get(connection.owner);
    if (!own?.delete(connection)) return;
    if (own.size === 0) owners.delete(connection.owner);
    count -= 1;
    ahead -= Math.max(0, connection.open.size - 1);
    connection.open.clear();
  }

  function cut(connection: Connection, why: Cut): void {
    leave(connection);
    onCut(connection.socket, why);
  }

  /** The connection that gives its place to a newcomer: the longest waiting of whoever has most, and more than the newcomer has. */
  function spare(newcomer: string): Connection | undefined {
    const share = owners.get(newcomer)?.size ?? 0;
    let found: Connection | undefined;
    let most = 0;
    for (const [owner, own] of owners) {
      if (own.size <= most || (own.size <= share && owner !== newcomer)) continue;
      const waiting = [...own].find(isWaiting);
      if (!waiting) continue;
      found = waiting;
      most = own.size;
    }
    return found;
  }

  /** It waits for a request again, behind those that already do. */
  function rest(connection: Connection): void {
    connection.idleSince = performance.now();
    const own = owners.get(connection.owner);
    if (own?.delete(connection)) own.add(connection);
  }

  return {
    enter(socket) {
      const owner = networkOf(socket.remoteAddress ?? '') ?? 'unknown';
      if (count >= limits.most) {
        const given = spare(owner);
        if (!given) return false;
        cut(given, 'full');
      }
      const connection = { socket, owner, open: new Set<IncomingMessage>(), idleSince: performance.now() };
      known.set(socket, connection);
      const own = owners.get(owner) ?? new Set();
      owners.set(owner, own.add(connection));
      count += 1;
      socket.once('close', () => leave(connection));
      return true;
    },
    begin(req, res) {
      const connection = known.get(req.socket);
      if (!connection || !owners.get(connection.owner)?.has(connection)) return false;
      const { open } = connection;
      if (open.size > 0) ahead += 1;
      open.add(req);
      if (open.size > limits.mostOpen || (ahead > limits.mostAhead && open.size > 1)) {
        cut(connection, 'ahead');
        return false;
      }
      res.once('close', () => {
        if (!open.delete(req)) return;
        if (open.size > 0) ahead -= 1;
        else rest(connection);
      });
      return true;
    },
    isBusy: (socket) => (known.get(socket)?.open.size ?? 0) > 0,
    sweep() {
      const before = performance.now() - limits.idleMs;
      for (const own of owners.values()) {
        for (const connection of own) {
          if (connection.open.size === 0 && connection.idleSince < before) cut(connection, 'idle');
        }
      }
    },
  };
}

/** Whether nothing whole is under way on it. */
function isWaiting({ open }: Connection): boolean {
  for (const { complete } of open) if (complete) return false;
  return true;
}

import { networkOf } from '../domain/address.ts';

const mb = 1024 * 1024;
const usual = { total: 32 * mb, perNetwork: 8 * mb, patienceMs: 10_000, slowMs: 2000 };
/** What brings less than that in `slowMs` is slow, in bytes. */
const slowBytes = 32 * 1024;

/** What one body takes up. */
export interface Held {
  /** Counts bytes that have come. Gives whether there is room for more. */
  add(bytes: number): boolean;
  /** Resolves once there is room for more, or to false where the body has waited for too long in all, or gave way to another. */
  room(): Promise<boolean>;
  /** While it is read it may have to give way to others: then its bytes count no more, and `heed` is called. Null once it is whole. */
  giveWay(heed: (() => void) | null): void;
  /** The bytes count no more: their sender is known, or they are gone. */
  release(): void;
}

/** The bytes of bodies whose senders are not known yet. They share a bound, so that strangers cannot fill the memory. */
export interface BodyBudget {
  /** Begins a body that comes from an address; IPv6 addresses of one /64 network count as one. */
  open(address: string): Held;
  /** bytes held now */
  held(): number;
}

interface Body {
  readonly network: Network;
  own: number;
  /** while it waits: looks whether it may go on, or ends the waiting */
  wait: { readonly since: number; look(): void; end(found: boolean): void } | undefined;
  /** since when it has been read, and how much came since */
  span: { since: number; bytes: number };
  heed: (() => void) | null;
}

interface Network {
  bytes: number;
  /** bodies that have begun and are not released */
  open: number;
  /** those that hold bytes, oldest first */
  readonly bodies: Set<Body>;
}

/**
 * Beyond `total` bytes, and `perNetwork` of one network, no body is to be read on but the oldest of all, and the oldest of its
 * network: one of them always comes to its end, and no two wait for each other. So there are never more bytes than the bound, one
 * body more, and a chunk for each connection, which has come by the time that the bound is seen.
 *
 * While one waits, those that are slow are ended: for `perNetwork` one of its network, for `total` one of the network that holds most.
 * Who has waited half of `patienceMs` for `total` has the newest body of a network ended that holds more than its own, slow or not. So
 * whoever holds the room cannot shut out who holds less.
 */
export function createBodyBudget({ total, perNetwork, patienceMs, slowMs } = usual): BodyBudget {
  const networks = new Map<string, Network>();
  /** those that hold bytes, oldest first */
  const bodies = new Set<Body>();
  const waiting = new Set<Body>();
  let all = 0;
  let watch: NodeJS.Timeout | undefined;

  const isFirst = (of: Set<Body>, body: Body) => of.values().next().value === body;
  const mayOfAll = (body: Body) => all < total || isFirst(bodies, body);
  const mayOfOwn = (body: Body) => body.network.bytes < perNetwork || isFirst(body.network.bodies, body);
  const hasRoom = (body: Body) => mayOfAll(body) && mayOfOwn(body);

  function release(body: Body): void {
    const { network, own } = body;
    bodies.delete(body);
    network.bodies.delete(body);
    if (own === 0) return;
    all -= own;
    network.bytes -= own;
    body.own = 0;
    for (const { wait } of waiting) wait?.look();
  }

  function end(body: Body): void {
    release(body);
    if (body.wait) body.wait.end(false);
    else body.heed?.();
  }

  /** Makes room for those that wait, the oldest first. */
  function makeRoom(): void {
    const now = performance.now();
    const slow = new Set([...bodies].filter((body) => isSlow(body, now)));
    for (const body of waiting) {
      if (!body.wait || hasRoom(body)) continue;
      const isLate = now - body.wait.since > patienceMs / 2;
      const found = mayOfOwn(body)
        ? (mostOf(slow) ?? (isLate ? newestOfMore(body.network) : undefined))
        : [...body.network.bodies].find((one) => slow.has(one));
      if (!found) continue;
      slow.delete(found);
      end(found);
    }
  }

  /** Whether it has brought little since it was last asked for. */
  function isSlow({ wait, span, heed }: Body, now: number): boolean {
    if (wait || !heed || now - span.since < slowMs) return false;
    const { bytes } = span;
    Object.assign(span, { since: now, bytes: 0 });
    return bytes < slowBytes;
  }

  /** The oldest of the network that holds most. */
  function mostOf(slow: Set<Body>): Body | undefined {
    let found: Body | undefined;
    for (const body of slow) if (body.network.bytes > (found?.network.bytes ?? 0)) found = body;
    return found;
  }

  /** The newest body that is not whole of the network that holds most, and more than the given one. */
  function newestOfMore({ bytes }: Network): Body | undefined {
    let most: Network | undefined;
    for (const network of networks.values()) if (network.bytes > (most?.bytes ?? bytes)) most = network;
    return [...(most?.bodies ?? [])].findLast((body) => (body.wait || body.heed) && !isFirst(bodies, body));
  }

  function waitFor(body: Body, patience: number): Promise<{ found: boolean; ms: number }> {
    return new Promise((resolve) => {
      const since = performance.now();
      const leave = (found: boolean) => {
        clearTimeout(late);
        waiting.delete(body);
        body.wait = undefined;
        body.span = { since: performance.now(), bytes: 0 };
        if (waiting.size === 0) watch = void clearInterval(watch);
        resolve({ found, ms: performance.now() - since });
      };
      const late = setTimeout(leave, Math.max(0, patience), false);
      body.wait = { since, end: leave, look: () => hasRoom(body) && leave(true) };
      waiting.add(body);
      watch ??= setInterval(makeRoom, Math.min(slowMs, patienceMs) / 4);
      body.wait.look();
    });
  }

  return {
    open(address) {
      // What a proxy forwards may be no address at all.
      const name = networkOf(address) ?? 'others';
      const network = networks.get(name) ?? { bytes: 0, open: 0, bodies: new Set() };
      networks.set(name, network);
      network.open += 1;
      const span = { since: performance.now(), bytes: 0 };
      const body: Body = { network, own: 0, wait: undefined, span, heed: null };
      let patience = patienceMs;
      let isOpen = true;
      return {
        add(bytes) {
          bodies.add(body);
          network.bodies.add(body);
          body.own += bytes;
          body.span.bytes += bytes;
          network.bytes += bytes;
          all += bytes;
          return hasRoom(body);
        },
        async room() {
          const { found, ms } = await waitFor(body, patience);
          patience -= ms;
          return found;
        },
        giveWay(heed) {
          body.heed = heed;
        },
        release() {
          release(body);
          if (isOpen) network.open -= 1;
          isOpen = false;
          if (network.open === 0) networks.delete(name);
        },
      };
    },
    held: () => all,
  };
}

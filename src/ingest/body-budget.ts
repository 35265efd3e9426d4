import { networkOf } from '../domain/address.ts';

const mb = 1024 * 1024;
const usual = { total: 32 * mb, perNetwork: 8 * mb, patienceMs: 10_000 };

/** What one body takes up. */
export interface Held {
  /** Counts bytes that have come. Gives whether there is room for more. */
  add(bytes: number): boolean;
  /** Resolves once there is room for more, or to false where the body has waited for too long in all. */
  room(): Promise<boolean>;
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

/**
 * Beyond `total` bytes, and `perNetwork` of one network, no body is to be read on. The only body that there is, or that its network
 * has, may be as long as its hook allows: else a large one could never come in. What has come by the time that the bound is seen
 * counts too, at most a chunk for each connection.
 */
export function createBodyBudget({ total, perNetwork, patienceMs } = usual): BodyBudget {
  const networks = new Map<string, number>();
  /** oldest first */
  const waiting = new Set<() => void>();
  let all = 0;

  function count(network: string, bytes: number): void {
    all += bytes;
    const held = (networks.get(network) ?? 0) + bytes;
    if (held === 0) networks.delete(network);
    else networks.set(network, held);
  }

  return {
    open(address) {
      // What a proxy forwards may be no address at all.
      const network = networkOf(address) ?? 'others';
      let own = 0;
      let patience = patienceMs;
      const hasRoom = () => {
        const held = networks.get(network) ?? 0;
        return (all < total || all === own) && (held < perNetwork || held === own);
      };
      return {
        add(bytes) {
          own += bytes;
          count(network, bytes);
          return hasRoom();
        },
        room: () =>
          new Promise((resolve) => {
            const began = performance.now();
            const end = (found: boolean) => {
              patience -= performance.now() - began;
              clearTimeout(late);
              waiting.delete(look);
              resolve(found);
            };
            const look = () => hasRoom() && end(true);
            const late = setTimeout(end, Math.max(0, patience), false);
            waiting.add(look);
          }),
        release() {
          if (own === 0) return;
          count(network, -own);
          own = 0;
          for (const look of waiting) look();
        },
      };
    },
    held: () => all,
  };
}

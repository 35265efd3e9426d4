import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** The hooks that take Google's tokens, by what is wrong with the host of their keys. */
export const keyHosts = ['keys-cut', 'keys-silent', 'keys-odd'] as const;

export interface KeyHost {
  readonly hook: (typeof keyHosts)[number];
  readonly url: string;
  /** how often keys were asked for */
  calls(): number;
  close(): void;
}

/** One hangs up, one never answers, and one answers with keys that no token names. */
const behaviours: Record<KeyHost['hook'], http.RequestListener> = {
  'keys-cut': (req) => void req.socket.destroy(),
  'keys-silent': () => {},
  'keys-odd': (_, res) => {
    const key = { kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'another', e: 'AQAB', n: 'A'.repeat(342) };
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [key] }));
  },
};

export function startKeyHosts(): Promise<KeyHost[]> {
  return Promise.all(
    keyHosts.map(async (hook) => {
      let calls = 0;
      const server = http.createServer((req, res) => {
        calls += 1;
        behaviours[hook](req, res);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return {
        hook,
        url: `http://127.0.0.1:${port}/certs`,
        calls: () => calls,
        close() {
          server.close();
          server.closeAllConnections();
        },
      };
    }),
  );
}

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { startAttack, type Traffic } from '../../soak/hostile/attack.ts';
import { atEnd } from '../support/at-end.ts';
import { eventually } from '../support/eventually.ts';

it('keeps a crowd open, sends its pieces, counts what it hears, and leaves when it is stopped', async () => {
  const open = new Set<Socket>();
  let [most, came] = [0, 0];
  const server = createServer((socket) => {
    came += 1;
    open.add(socket);
    most = Math.max(most, open.size);
    socket.once('close', () => open.delete(socket)).on('error', () => {});
    socket.on('data', (data) => {
      if (data.includes('second'))
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\nHTTP/1.1 429 Too Many Requests\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => server.close());
  const { port } = server.address() as AddressInfo;

  const traffic: Traffic = { connections: 0, refused: 0, pieces: 0, bytes: 0, answers: {} };
  const pieces = () => [Buffer.from('first '), Buffer.from('second')];
  const crowd = { name: 'crowd', sockets: 30, connects: 100, everyMs: 5, pieces };
  const stop = startAttack(crowd, { host: '127.0.0.1', port, scale: 0.1, addresses: [] }, traffic);

  // One that is left running would hold up the end of the tests.
  atEnd(stop);

  // Each connection is closed after its second piece, and another takes its place.
  await eventually(() => came > 9);
  expect(most).toBeLessThanOrEqual(3);
  expect(traffic.pieces).toBeGreaterThan(9);
  expect(traffic.answers['401']).toBeGreaterThan(0);
  expect(traffic.answers['429']).toBe(traffic.answers['401']);
  stop();
  await eventually(() => open.size === 0);
});

// Free TCP ports of the loopback address, from below the range the system takes for outgoing connections: a server that needs
// seconds to bind would otherwise find its port taken by some client's socket.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOWEST = 10_240;
const HIGHEST = 32_000;

/** A port of 127.0.0.1 that nothing listened on a moment ago; random, so that parallel test files do not meet. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

/** Several free ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

// Stops without dropping what was accepted: no new connections, requests under way may finish, then the rest is cut.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections on which no request came yet. Node takes them for busy ones and never closes them during a stop. */
const unused = new WeakMap<Server, Set<Socket>>();

/** Milliseconds that a connection which was opened just before a stop has for its first request. */
const patience = 1000;

/** Keeps an eye on connections, for `closeGently`. Gives what has to be called at the begin of each request, of any kind. */
export function watchConnections(server: Server): (req: IncomingMessage, res: ServerResponse) => void {
  const sockets = new Set<Socket>();
  unused.set(server, sockets);
  const secure = 'setSecureContext' in server;
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return (req, res) => {
    sockets.delete(req.socket);
    // What still comes on a kept connection during a stop is answered, and told that it was the last.
    if (!server.listening) res.shouldKeepAlive = false;
  };
}

/**
 * Closes the servers. Resolves when the last request is answered or the grace is over.
 * @param grace milliseconds
 */
export async function closeGently(servers: readonly Server[], grace: number): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))));
  // A connection that is kept alive after its answer would hold the process up for the whole grace.
  const began = performance.now();
  const sweep = setInterval(() => {
    for (const server of servers) {
      server.closeIdleConnections();
      if (performance.now() - began > patience) for (const socket of unused.get(server) ?? []) socket.destroy();
    }
  }, 50);
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, grace);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

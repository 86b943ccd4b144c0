// Stops without dropping what was accepted: no new connections, requests under way may finish, then the rest is cut.
import type { Server } from 'node:http';

/**
 * Closes the servers. Resolves when the last request is answered or the grace is over.
 * @param grace milliseconds
 */
export async function closeGently(servers: readonly Server[], grace: number): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))));
  for (const server of servers) server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, grace);
  await closed;
  clearTimeout(timer);
}

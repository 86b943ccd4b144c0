// Registries that fail in ways in which a real one cannot be made to fail on purpose.
import { createServer, type AddressInfo, type Socket } from 'node:net';

const head = (status: string, type: string, length: number): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n`;
const nothing = `${head('404 Not Found', 'application/json', 2)}{}`;
/** By which Countersign knows that there is an index. */
const emptyIndex = `${head('200 OK', 'text/html', 13)}<html></html>`;

/** Listens on a loopback port, knows no package, and says `answer` to an upload; without one, nothing at all. */
export async function startPoorUpstream(answer?: string): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', (data: Buffer) => {
      const line = data.toString('latin1');
      if (/^(?:GET|HEAD) /.test(line)) socket.end(line.startsWith('GET /simple/ ') ? emptyIndex : nothing);
      else if (answer !== undefined) socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

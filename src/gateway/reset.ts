// Connections that break off visibly: with a reset (RST), which no reader takes for the end of a message.
import type { ServerResponse } from 'node:http';
import type net from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * From now on `destroy` resets the TCP connection. Node's own switch behind `resetAndDestroy`, which first flushes and sends
 * a FIN. Should it go away, the tests that look for a reset turn red and nothing else changes.
 */
export function resetOnDestroy(socket: net.Socket): void {
  Reflect.set(socket, 'resetAndClosing', true);
}

/**
 * Ends the client's connection in mid-answer. A FIN would do for a body with a length or in chunks; one without either, as
 * HTTP/1.0 has it (nginx in front, unless told otherwise), ends where its connection does, and a broken answer would be taken
 * for a short one (RSP-05). Below TLS the missing `close_notify` says the same.
 */
export function breakOffAnswer(res: ServerResponse): void {
  const { socket } = res;
  if (socket !== null && !(socket instanceof TLSSocket)) resetOnDestroy(socket);
  res.destroy();
}

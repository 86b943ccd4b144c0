// The sockets: Node's HTTP servers with the limits that this proxy needs.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * Milliseconds. Bodies have no overall time limit, so that a slow upload of gigabytes can live (DOS-03); a socket on
 * which nothing moves does.
 */
const headersTimeout = 10_000;
const idleTimeout = 120_000;
const keepAliveTimeout = 65_000;

const options: ServerOptions = {
  requireHostHeader: true,
  insecureHTTPParser: false,
  maxHeaderSize: 16 * 1024,
  headersTimeout,
  requestTimeout: 0,
  keepAliveTimeout,
  connectionsCheckingInterval: 1_000,
};

/** Makes the public server, with TLS where the configuration has it. */
export function createPublicServer(tls: { readonly certFile: string; readonly keyFile: string } | undefined, handler: Handler): Server {
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...readPair(tls), minVersion: 'TLSv1.2' });
  return arm(server, handler);
}

/** Makes the admin server. */
export function createAdminServer(handler: Handler): Server {
  return arm(createServer(options), handler);
}

/** Certificate and key, read together. */
export function readPair(tls: { readonly certFile: string; readonly keyFile: string }): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
}

function arm(server: Server, handler: Handler): Server {
  // Node drops headers beyond its count limit silently while its parser still obeys them (SMG-14): count them ourselves.
  server.maxHeadersCount = 0;
  server.timeout = idleTimeout;
  server.on('request', handler);
  // `Expect: 100-continue` is answered when the body is wanted (`welcomeBody`): after the checks that need only the head.
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  server.on('clientError', refuseSocket);
  return server;
}

/** What the HTTP parser refused: an answer that every client understands, and the end of the connection. */
function refuseSocket(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

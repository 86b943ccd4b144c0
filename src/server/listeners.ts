// The sockets: Node's HTTP servers with the limits that this proxy needs.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { limitConnections, limitSilence, oneAfterTheOther } from './limits.ts';
import type { Pair } from './certificate.ts';
import { watchConnections } from './shutdown.ts';

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

/**
 * Makes the public server, with TLS where there is a certificate.
 * @param connections how many it may have at a time
 * @param turnedAway is told of each connection that was closed for another
 */
export function createPublicServer(pair: Pair | undefined, connections: () => number, handler: Handler, turnedAway?: () => void): Server {
  const server = pair === undefined ? createServer(options) : createTlsServer({ ...options, ...pair, handshakeTimeout: headersTimeout });
  const occupied = limitConnections(server, connections, turnedAway);
  const inTurn = oneAfterTheOther((req, res) => {
    limitSilence(req, res);
    handler(req, res);
  });
  return arm(server, (req, res) => {
    occupied(req, res);
    inTurn(req, res);
  });
}

/** Connections of scrapers, probes and browsers together: what they do not give back is taken from them (FLT-39). */
const adminConnections = 1024;

/** Makes the admin server. */
export function createAdminServer(handler: Handler): Server {
  const server = createServer(options);
  const occupied = limitConnections(server, () => adminConnections);
  return arm(server, (req, res) => {
    occupied(req, res);
    handler(req, res);
  });
}

function arm(server: Server, handler: Handler): Server {
  // Node drops headers beyond its count limit silently while its parser still obeys them (SMG-14): count them ourselves.
  server.maxHeadersCount = 0;
  server.timeout = idleTimeout;
  const begin = watchConnections(server);
  const latest = new WeakMap<object, Exchange>();
  const watched: Handler = (req, res) => {
    begin(req, res);
    latest.set(req.socket, { req, res });
    handler(req, res);
  };
  server.on('request', watched);
  // `Expect: 100-continue` is answered when the body is wanted (`welcomeBody`): after the checks that need only the head.
  server.on('checkContinue', watched);
  server.on('checkExpectation', watched);
  server.on('clientError', (error, socket: Socket) => refuseSocket(error, socket, latest.get(socket)));
  return server;
}

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * What the HTTP parser refused: an answer that every client understands, and the end of the connection. Not before the
 * requests in front of it are answered: the client would take this for the answer to its upload (SMG-34).
 */
function refuseSocket(error: Error & { code?: string }, socket: Socket, latest: Exchange | undefined): void {
  if (latest !== undefined && latest.req.complete && !latest.res.writableFinished && !latest.res.destroyed) {
    socket.pause();
    latest.res.once('close', () => refuseSocket(error, socket, undefined));
    return;
  }
  // Never in the middle of an answer.
  const answering = latest !== undefined && latest.res.headersSent && !latest.res.writableFinished;
  if (!socket.writable || answering) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

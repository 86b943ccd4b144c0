// What one process takes on at a time, and how long it waits for a client that has gone silent.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refuse } from '../core/refusal.ts';
import { send } from '../gateway/answer.ts';

/** Milliseconds without a byte of a body that was announced. There is no limit for the whole: uploads of hours are fine (DOS-03). */
const bodySilence = 60_000;
/** How often it is looked at in that time. */
const looks = 4;

/**
 * Keeps to a number of connections. For one more the connection that has been without a request longest is closed: one
 * that drips its head, or is kept alive for nothing, never one that is at work (DOS-01, DOS-10). Handshakes count as waiting (DOS-09).
 * @param turnedAway is told of each connection that is closed for another
 * @returns to be told of each request
 */
export function limitConnections(
  server: Server,
  most: () => number,
  turnedAway: () => void = () => undefined,
): (req: IncomingMessage, res: ServerResponse) => void {
  // By the peer, since a TLS request's socket is another object than the connection that was accepted.
  const open = new Map<string, Socket>();
  const waiting = new Set<Socket>();
  const underWay = new WeakMap<Socket, number>();
  const forgetting = new WeakMap<Socket, () => void>();
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    // The peer is gone already, or is Node's own TLS layer announcing the same connection again.
    if (peer === undefined || open.has(peer)) return;
    open.set(peer, socket);
    waiting.add(socket);
    const forget = (): void => {
      if (open.get(peer) === socket) open.delete(peer);
      waiting.delete(socket);
    };
    socket.once('close', forget);
    forgetting.set(socket, forget);
    const longest = open.size > most() ? waiting.values().next().value : undefined;
    if (longest === undefined) return;
    turnedAway();
    // At once: many may come before this one's `close`.
    forgetting.get(longest)?.();
    longest.destroy();
  });
  return (req, res) => {
    const socket = open.get(peerOf(req.socket) ?? '');
    if (socket === undefined) return;
    waiting.delete(socket);
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    // It comes once; `once` would only cost more.
    res.on('close', () => {
      const left = (underWay.get(socket) ?? 1) - 1;
      underWay.set(socket, left);
      if (left === 0 && !socket.destroyed) waiting.add(socket);
    });
  };
}

/**
 * Handles the requests of a connection one after the other. Node hands over all that a client has sent in a row: a single
 * packet would take every place among those under way, and as many connections to the upstream (beside DOS-11).
 */
export function oneAfterTheOther(handle: (req: IncomingMessage, res: ServerResponse) => void): typeof handle {
  const waiting = new WeakMap<Socket, (() => void)[]>();
  const begin = (req: IncomingMessage, res: ServerResponse): void => {
    const { socket } = req;
    res.on('close', () => {
      // Behind an answer that ends the connection nothing is done: nobody would hear of it.
      const next = socket.destroyed || !socket.writable ? undefined : waiting.get(socket)?.shift();
      if (next === undefined) waiting.delete(socket);
      else next();
    });
    handle(req, res);
  };
  return (req, res) => {
    const others = waiting.get(req.socket);
    if (others !== undefined) return void others.push(() => begin(req, res));
    waiting.set(req.socket, []);
    begin(req, res);
  };
}

function peerOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined || remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}

/** Counts requests under way; true when this one may go on. The others are told to come back (DOS-11). */
export function limitRequests(most: () => number, turnedAway: () => void = () => undefined): (res: ServerResponse) => boolean {
  let underWay = 0;
  return (res) => {
    const limit = most();
    if (underWay >= limit) {
      turnedAway();
      const { title, message } = refuse('too-many', { what: `${limit} requests at a time`, seconds: 5 });
      const body = JSON.stringify({ title, status: 503, detail: message, code: 'too-many' });
      const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'retry-after': '5' };
      send(res, { status: 503, reason: message, headers, body });
      return false;
    }
    underWay += 1;
    res.on('close', () => (underWay -= 1));
    return true;
  };
}

/**
 * Gives up on a client that stops in the middle of a body: 408, and the end of the connection, which takes the request to
 * the upstream and its slot with it (FLT-14). By a timer of its own: the socket's also runs while an upstream thinks.
 */
export function limitSilence(req: IncomingMessage, res: ServerResponse): void {
  const announced = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (!announced) return;
  const { socket } = req;
  let [seen, silent] = [socket.bytesRead, 0];
  const look = (): void => {
    if (req.complete || socket.destroyed) return;
    // What it has sent and we have not taken: then the upstream is slow, which has a limit of its own.
    silent = socket.bytesRead !== seen || req.readableLength > 0 ? 0 : silent + 1;
    seen = socket.bytesRead;
    if (silent === looks) giveUp(req, res);
    else timer = setTimeout(look, bodySilence / looks);
  };
  let timer = setTimeout(look, bodySilence / looks);
  res.once('close', () => clearTimeout(timer));
}

function giveUp(req: IncomingMessage, res: ServerResponse): void {
  if (res.headersSent) return void req.socket.destroy();
  // Once it is answered Node forgets the request, and whoever reads its body would wait for ever.
  res.once('close', () => req.destroy());
  const { status, title, message, code } = refuse('request-timeout');
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', connection: 'close' };
  send(res, { status, reason: message, headers, body: JSON.stringify({ title, status, detail: message, code }) });
  // The rest is not waited for.
  res.end();
}

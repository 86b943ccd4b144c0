// Connections to upstreams that read an early answer although writing failed, and that break off an unfinished request visibly.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { resetOnDestroy } from './reset.ts';

export interface UpstreamTls {
  /** PEM file of certificate authorities to trust beside the system's. */
  readonly caFile?: string;
}

/** Milliseconds within which an upstream has to be connected, TLS handshake included. */
const connectTimeout = 5000;
/** Milliseconds that a failed write waits for an answer which may have arrived before it (RSP-10). */
const patience = 1000;

/**
 * Options that verify the upstream's certificate for the upstream's own name, never for the public host (SEC-09).
 * Throws when `caFile` cannot be read.
 */
export function tlsOptions(upstream: URL, { caFile }: UpstreamTls): tls.ConnectionOptions {
  const hostname = bareHost(upstream);
  return {
    servername: net.isIP(hostname) === 0 ? hostname : '',
    host: hostname,
    rejectUnauthorized: true,
    // Made once: reading some 150 authorities anew costs each connection a tenth of a second.
    secureContext: tls.createSecureContext({ minVersion: 'TLSv1.2', ...(caFile === undefined ? {} : { ca: withFile(caFile) }) }),
  };
}

function withFile(caFile: string): string[] {
  return [...tls.getCACertificates('default'), readFileSync(caFile, 'utf8')];
}

/** Name or address without the brackets of IPv6. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

export type Connected = (error: Error | null, socket: net.Socket | null) => void;

/** Takes what is received as it comes, in place of the socket's own events. */
export interface Receiving {
  /**
   * Gets a view of a buffer. True: it is kept, and given back by `giveBack` or never; false: it is read into again once
   * this returns.
   */
  readonly received: (bytes: Buffer) => boolean;
}

/**
 * Opens a connection to the upstream's own host and port, whatever the request's Host says.
 * @param done called once; with the error when not connected within 5 s
 */
export function connectUpstream(upstream: URL, security: tls.ConnectionOptions | undefined, done: Connected, receiving?: Receiving): void {
  const port = Number(upstream.port) || (upstream.protocol === 'https:' ? 443 : 80);
  const address = { host: bareHost(upstream), port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const raw = net.connect({
    ...address,
    ...(receiving === undefined || security !== undefined ? {} : { onread: intoBuffers(receiving) }),
  });
  const socket = security === undefined ? raw : tls.connect({ ...security, socket: raw, ALPNProtocols: ['http/1.1'] });
  let report: Connected | undefined = done;
  const finish: Connected = (error, connected) => {
    clearTimeout(timer);
    report?.(error, connected);
    report = undefined;
  };
  const timer = setTimeout(() => socket.destroy(timedOut()), connectTimeout);
  if (raw !== socket) raw.on('error', (error) => socket.destroy(error));
  if (raw !== socket && receiving !== undefined) socket.on('data', (bytes: Buffer) => void receiving.received(bytes));
  socket.on('error', (error) => finish(error, null));
  socket.on('close', () => finish(new Error('closed while connecting'), null));
  socket.once(security === undefined ? 'connect' : 'secureConnect', () => finish(null, patient(breakingOff(socket, raw))));
}

/** Bytes read at a time, and buffers of that size that wait to be read into again. */
const readSize = 64 * 1024;
const mostSpare = 64;
const spare: ArrayBuffer[] = [];

/** Node would make a buffer of 64 KiB for each read, which costs as much as the system call, and as much again to collect. */
function intoBuffers({ received }: Receiving): net.OnReadOpts {
  let buffer = bufferToRead();
  return {
    buffer: () => buffer,
    callback: (length) => {
      if (received(buffer.subarray(0, length))) buffer = bufferToRead();
      return true;
    },
  };
}

function bufferToRead(): Buffer {
  return Buffer.from(spare.pop() ?? new ArrayBuffer(readSize));
}

/** Gives the buffer behind a view back that was kept. Only when nobody, the system included, looks at it any more. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === readSize && spare.length < mostSpare) spare.push(buffer);
}

function timedOut(): Error {
  return Object.assign(new Error(`not connected within ${connectTimeout} ms`), { code: 'ECONNECT_TIMEOUT' });
}

/**
 * When a write fails because the upstream answered and closed (413 in mid-upload), its answer may still lie unread in the
 * kernel. Node destroys the socket at the failed write; so the failure is held back until reading has had its turn.
 */
function patient(socket: net.Socket): net.Socket {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, later(done));
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, later(done));
  return socket;
}

type Done = (error?: Error | null) => void;

function later(done: Done): Done {
  return (error) => {
    if (error) setTimeout(() => done(error), patience).unref();
    else done();
  };
}

/**
 * A destroyed connection is reset (RST), not ended (FIN). Servers that count on WSGI's `read(Content-Length)` take a body
 * that ends early for a whole one, and Python's `cgi` does without the closing boundary: after a FIN they would store an
 * upload that was refused at its last byte (P9, SMG-32). A reset is an error to all of them.
 */
function breakingOff(socket: net.Socket, raw: net.Socket): net.Socket {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error) => {
    if (error !== undefined && error !== null && !raw.destroyed) {
      resetOnDestroy(raw);
      if (raw !== socket) raw.destroy();
    }
    return destroy(error);
  };
  return socket;
}

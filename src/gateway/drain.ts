// The body of a request that was answered before it was read: read on for a while, so that the client can read the answer.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface DrainLimits {
  readonly bytes: number;
  readonly milliseconds: number;
}

const limits: DrainLimits = { bytes: 64 * 1024 * 1024, milliseconds: 10_000 };

/**
 * Ends an answer, with this last piece of it. Node closes a connection that is not kept alive as soon as the answer is out;
 * what the client still sends would meet a reset, which also takes the answer away from it. So the end waits for the end
 * of the body: the client has read the whole answer by its length.
 */
export function endAnswer(res: ServerResponse, last?: string): void {
  const { req } = res;
  if (res.shouldKeepAlive || req.complete || req.destroyed) return void res.end(last);
  if (last !== undefined) res.write(last);
  const end = (): void => void res.end();
  req.once('end', end).once('close', end);
}

/**
 * Reads and drops the rest of a request's body, up to a limit, then cuts the connection. npm and twine report a broken
 * pipe, and lose our reason, when the connection closes while they send (design/4, "Early refusals"; RSP-10, DOS rows).
 * Call it after the answer was written; it does nothing for a request that was read whole.
 */
export function drain(req: IncomingMessage, { bytes, milliseconds }: DrainLimits = limits): void {
  if (req.readableEnded || req.destroyed) return;
  let left = bytes;
  const timer = setTimeout(() => req.socket.destroy(), milliseconds).unref();
  const stop = (): void => clearTimeout(timer);
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.socket.destroy();
  });
  req.once('end', stop).once('close', stop).once('error', stop);
  // A pipe that ends later would pause it again.
  req.unpipe();
  req.resume();
}

const continued = new WeakSet<ServerResponse>();

/**
 * Tells a client that sent `Expect: 100-continue` to go on (RFC 9110 10.1.1). Call it when the head was accepted and the
 * body is wanted; more than one call is fine. Needs a `checkContinue` listener on the server: without one Node has said so itself.
 */
export function welcomeBody(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.expect === undefined || continued.has(res) || res.headersSent) return;
  continued.add(res);
  res.writeContinue();
}

/**
 * The body, for reading in more than one go: leaving a `for await` early neither destroys the request nor the client's
 * connection, as it does on the request itself, so that an answer can still be sent.
 */
export function bodyOf(req: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => req.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> };
}

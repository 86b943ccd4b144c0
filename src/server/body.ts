// Reads a small body whole, under a limit.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, type Refusal } from '../core/refusal.ts';
import { welcomeBody } from '../gateway/drain.ts';

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Milliseconds for the whole of a small body: byte by byte it would hold its connection for hours (EXC-04). */
const patience = 30_000;

/**
 * The body, or the refusal `body-too-large` as soon as it is known: by Content-Length before a byte is read.
 * @param limit bytes
 */
export function readBody({ req, res }: Call, limit: number): Promise<Uint8Array | Refusal> {
  const tooLarge = (): Refusal => refuse('body-too-large', { what: 'The request', limit });
  if (Number(req.headers['content-length'] ?? 0) > limit) return Promise.resolve(tooLarge());
  welcomeBody(req, res);
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const done = (body: Uint8Array | Refusal): void => {
      clearTimeout(timer);
      req.off('data', take).off('end', end).off('error', broken).off('close', broken);
      resolve(body);
    };
    const take = (chunk: Uint8Array): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) done(tooLarge());
    };
    const end = (): void => done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    const broken = (): void => done(refuse('body-incomplete'));
    const timer = setTimeout(() => done(refuse('request-timeout')), patience);
    req.on('data', take).once('end', end).once('error', broken).once('close', broken);
  });
}

// Reads a small body whole, under a limit.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, type Refusal } from '../core/refusal.ts';
import { receive } from '../gateway/room.ts';

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
export async function readBody(call: Call, limit: number): Promise<Uint8Array | Refusal> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Refusal>((resolve) => {
    timer = setTimeout(() => resolve(refuse('request-timeout')), patience);
  });
  const body = await Promise.race([collect(call, limit), late]);
  clearTimeout(timer);
  return body;
}

async function collect(call: Call, limit: number): Promise<Uint8Array | Refusal> {
  const tooLarge = (): Refusal => refuse('body-too-large', { what: 'The request', limit });
  if (Number(call.req.headers['content-length'] ?? 0) > limit) return tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of receive(call)) {
      size += chunk.length;
      if (size > limit) return tooLarge();
      chunks.push(chunk);
    }
  } catch {
    return refuse('body-incomplete');
  }
  return Buffer.concat(chunks);
}

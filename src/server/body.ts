// Reads a small body whole, under a limit.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, type Refusal } from '../core/refusal.ts';
import { receive } from '../gateway/room.ts';

/**
 * The body, or the refusal `body-too-large` as soon as it is known: by Content-Length before a byte is read.
 * @param limit bytes
 */
export async function readBody(
  call: { readonly req: IncomingMessage; readonly res: ServerResponse },
  limit: number,
): Promise<Uint8Array | Refusal> {
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

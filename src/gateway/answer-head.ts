// Reads the head of an upstream's answer (RFC 9112 2 to 6): one reading, or none. What follows it on the connection is the
// answer to somebody else's request, so nothing is guessed, mended or skipped.

/** How the body is framed. 'none': there is none, whatever the headers say. 'close': it ends with the connection. */
export type AnswerFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

export interface AnswerHead {
  readonly statusCode: number;
  /** As received, latin1. */
  readonly statusMessage: string;
  /** Names and values in turn, values without the space around them. */
  readonly rawHeaders: readonly string[];
  readonly framing: AnswerFraming;
  /** Whether another request may follow on the connection when the body ended as it should. */
  readonly reusable: boolean;
}

/** Bytes of a head, with its empty line; Node's own limit for clients. */
export const maxAnswerHead = 16 * 1024;
const maxHeaders = 200;

// No folding, no space before the colon, no bare CR or LF, no NUL (SMG-08, SMG-20, SMG-21, RSP-08). Every class excludes
// what follows it, so this runs over the text once.
const grammar = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/**
 * Reads a head.
 * @param text latin1, up to and with the line end of its last header, without the empty line
 * @param method of the request: the answer to a HEAD has no body
 * @returns undefined for what is no well-formed head with one framing
 */
export function readAnswerHead(text: string, method: string): AnswerHead | undefined {
  if (!grammar.test(text)) return undefined;
  const lineEnd = text.indexOf('\r\n');
  const statusCode = Number(text.slice(9, 12));
  const rawHeaders: string[] = [];
  let length: string | undefined;
  let chunked = false;
  let last = text.charCodeAt(7) === 0x30;
  for (let at = lineEnd + 2; at < text.length;) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    const name = text.slice(at, colon);
    const whole = text.slice(colon + 1, end);
    const value = whole.trim();
    at = end + 2;
    if (rawHeaders.push(name, value) > 2 * maxHeaders) return undefined;
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === 'connection' && /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value)) last = true;
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        // Also when both say the same: two readers may each take another one.
        if (length !== undefined || !/^[\t ]*\d{1,15}[\t ]*$/.test(whole)) return undefined;
        length = value;
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        // Any other coding, or this one twice: we would not undo it, and its end is elsewhere. Not even space behind it.
        if (chunked || !/^[\t ]*chunked$/i.test(whole)) return undefined;
        chunked = true;
    }
  }
  // RFC 9112 6.1: who speaks HTTP/1.0 knows no chunks. Both framings at once are an attempt to be read two ways.
  if (chunked && (length !== undefined || text.charCodeAt(7) === 0x30)) return undefined;
  const framing = framingOf(statusCode, method, chunked, length);
  // A server that sends the body of a HEAD's or a 304's answer after all would answer the next request with it (SMG-37).
  const announced = chunked || Number(length ?? 0) > 0;
  const reusable = !last && framing.kind !== 'close' && (framing.kind !== 'none' || !announced);
  return { statusCode, statusMessage: text.slice(13, lineEnd), rawHeaders, framing, reusable };
}

const none: AnswerFraming = { kind: 'none' };
const inChunks: AnswerFraming = { kind: 'chunked' };
const untilClosed: AnswerFraming = { kind: 'close' };

/** RFC 9112 6.3. */
function framingOf(status: number, method: string, chunked: boolean, length: string | undefined): AnswerFraming {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return none;
  if (chunked) return inChunks;
  if (length === undefined) return untilClosed;
  return length === '0' ? none : { kind: 'length', bytes: Number(length) };
}

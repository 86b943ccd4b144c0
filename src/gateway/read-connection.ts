// One connection to an upstream on which reads are asked, one after the other, and their answers taken apart.
import type { Socket } from 'node:net';
import { maxAnswerHead, readAnswerHead, type AnswerHead } from './answer-head.ts';
import { Chunks } from './chunks.ts';

/** What came of a read. `stale`: the connection died under it before a byte of an answer; nobody has answered it yet. */
export type ReadFailure = 'upstream-unreachable' | 'upstream-timeout' | 'upstream-broken' | 'stale';

/** Who asked. Nothing is called after `end` or `failed`. */
export interface Reader {
  readonly method: string;
  /** On which connection it will be asked; false: not any more. */
  readonly asked: (connection: ReadConnection) => boolean;
  /** The head of the answer; false: it cannot be passed on, and nothing more is wanted. */
  readonly head: (head: AnswerHead) => boolean;
  /** A piece of the body. False: no more until `resume`. `lent`: it is given back once it was written. */
  readonly data: (piece: Buffer, lent: boolean) => boolean;
  /** The body's last piece, if there is one, and its end as it should be. */
  readonly end: (last: Buffer | undefined, lent: boolean) => void;
  readonly failed: (failure: ReadFailure) => void;
}

/** Interim answers before the real one; more are a flood (SMG-38). */
const maxInterim = 16;
const headEnd = Buffer.from('\r\n\r\n');
/** Bytes from which on a piece is lent and not copied: a small one would keep a whole buffer. */
const lentFrom = 16 * 1024;

export interface ReadTimeouts {
  /** Milliseconds from the request to the head of the answer. */
  readonly headers: number;
  /** Milliseconds without a byte of the answer's body. */
  readonly idle: number;
}

export class ReadConnection {
  readonly #socket: Socket;
  readonly #timeouts: ReadTimeouts;
  /** Told when the connection can carry another request (true) or is gone (false). */
  readonly #free: (connection: ReadConnection, reusable: boolean) => void;
  #reader: Reader | undefined;
  #used = false;
  #answered = false;
  #pending: Buffer | undefined;
  #head: AnswerHead | undefined;
  #interim = 0;
  #left = 0;
  #chunks: Chunks | undefined;
  #paused = false;
  #lent = false;
  /** When what is waited for is too late; milliseconds on a clock that never jumps. Infinity: nothing is. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, timeouts: ReadTimeouts, free: (connection: ReadConnection, reusable: boolean) => void) {
    this.#socket = socket;
    this.#timeouts = timeouts;
    this.#free = free;
    socket.on('error', () => undefined);
    socket.once('end', () => this.#ended());
    socket.once('close', () => this.#closed());
  }

  /** Asks; `text` is the whole request, latin1. */
  ask(text: string, reader: Reader): void {
    this.#reader = reader;
    this.#answered = false;
    this.#head = undefined;
    this.#interim = 0;
    this.#deadline = performance.now() + this.#timeouts.headers;
    this.#socket.write(text, 'latin1');
  }

  /**
   * Bytes from the upstream.
   * @returns whether a view of them was lent to the reader
   */
  received(bytes: Buffer): boolean {
    // Nobody asked: an answer to nothing must not become the answer to the next request (SMG-38).
    if (this.#reader === undefined) {
      this.#socket.destroy();
      return false;
    }
    this.#answered = true;
    this.#lent = false;
    if (this.#head === undefined) this.#readHead(bytes);
    else this.#readBody(bytes);
    return this.#lent;
  }

  /** The reader can take more. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deadline = performance.now() + this.#timeouts.idle;
    this.#socket.resume();
  }

  /** The reader wants no more: whatever is still to come has nowhere to go, so the connection ends. */
  abandon(): void {
    this.#reader = undefined;
    this.#socket.destroy();
  }

  /** Called from time to time: gives up on an upstream that is late. */
  look(now: number): void {
    if (now > this.#deadline && !this.#paused) this.#fail('upstream-timeout');
  }

  /** Nothing is asked on it: at this moment it has rested long enough and is closed. */
  rest(until: number): void {
    this.#deadline = until;
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #readHead(bytes: Buffer): void {
    const whole = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
    const lendable = whole === bytes;
    const end = whole.indexOf(headEnd);
    if (end > maxAnswerHead || (end === -1 && whole.length > maxAnswerHead)) return this.#fail('upstream-broken');
    if (end === -1) return void (this.#pending = lendable ? copyOf(whole) : whole);
    this.#pending = undefined;
    const reader = this.#reader;
    const head = reader && readAnswerHead(whole.toString('latin1', 0, end + 2), reader.method);
    const rest = whole.subarray(end + 4);
    if (head === undefined || reader === undefined) return this.#fail('upstream-broken');
    if (head.statusCode < 200) return this.#skipInterim(head, lendable ? rest : copyOf(rest));
    this.#head = head;
    this.#left = head.framing.kind === 'length' ? head.framing.bytes : 0;
    this.#chunks = head.framing.kind === 'chunked' ? new Chunks() : undefined;
    this.#deadline = performance.now() + this.#timeouts.idle;
    if (!reader.head(head)) return this.abandon();
    if (head.framing.kind === 'none') this.#finish(undefined, rest.length);
    else if (rest.length > 0) this.#readBody(rest, lendable);
  }

  /** 100 and 103 come before the answer; after a 101 that nobody asked for no HTTP would come (RSP-07). */
  #skipInterim({ statusCode, reusable }: AnswerHead, rest: Buffer): void {
    this.#interim += 1;
    // HTTP/1.0 knows none, so that what follows one is another answer to some.
    if (statusCode === 101 || !reusable || this.#interim > maxInterim) return this.#fail('upstream-broken');
    if (rest.length > 0) this.#readHead(rest);
  }

  #readBody(bytes: Buffer, lendable = true): void {
    this.#deadline = performance.now() + this.#timeouts.idle;
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks, bytes);
    const whole = this.#head?.framing.kind === 'close' || bytes.length <= this.#left;
    const view = whole ? bytes : bytes.subarray(0, this.#left);
    const lent = lendable && view.length >= lentFrom;
    this.#lent = lent;
    const piece = lent ? view : copyOf(view);
    if (this.#head?.framing.kind === 'close') return this.#give(piece, lent);
    this.#left -= piece.length;
    if (this.#left === 0) this.#finish(piece, bytes.length - piece.length, lent);
    else this.#give(piece, lent);
  }

  #readChunks(chunks: Chunks, bytes: Buffer): void {
    const read = chunks.read(bytes, this.#giveCopy);
    if (read === undefined) this.#fail('upstream-broken');
    else if (chunks.done) this.#finish(undefined, bytes.length - read);
  }

  readonly #giveCopy = (piece: Buffer): void => this.#give(copyOf(piece), false);

  #give(piece: Buffer, lent: boolean): void {
    if (this.#reader === undefined || this.#reader.data(piece, lent) || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** @param extra bytes that came behind the answer: the connection has lost count, and is not used again */
  #finish(last: Buffer | undefined, extra: number, lent = false): void {
    const reader = this.#reader;
    const reusable = this.#head?.reusable === true && extra === 0 && this.usable;
    this.#reader = undefined;
    this.#used = true;
    this.#deadline = Number.POSITIVE_INFINITY;
    if (this.#paused) this.resume();
    if (reusable) this.#free(this, true);
    else this.#socket.destroy();
    reader?.end(last, lent);
  }

  /** A clean end is the end of an answer that is framed by nothing else; to all others it comes too early (RSP-05). */
  #ended(): void {
    if (this.#reader !== undefined && this.#head?.framing.kind === 'close') return this.#finish(undefined, 0);
    this.#socket.destroy();
  }

  #closed(): void {
    this.#free(this, false);
    this.#fail(this.#used && !this.#answered ? 'stale' : 'upstream-broken');
  }

  #fail(failure: ReadFailure): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#socket.destroy();
    reader?.failed(failure);
  }
}

/** A copy of a view that will be read into again. */
function copyOf(view: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(view.length);
  view.copy(copy);
  return copy;
}

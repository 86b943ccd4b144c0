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
  /** A piece of the body, which is the reader's own. False: no more until `resume`. */
  readonly data: (piece: Buffer) => boolean;
  /** The body's last piece, if there is one, and its end as it should be. */
  readonly end: (last: Buffer | undefined) => void;
  readonly failed: (failure: ReadFailure) => void;
}

/** Interim answers before the real one; more are a flood (SMG-38). */
const maxInterim = 16;
const headEnd = Buffer.from('\r\n\r\n');

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

  /** Bytes from the upstream: a view, which is good until this returns. */
  received(bytes: Buffer): void {
    // Nobody asked: an answer to nothing must not become the answer to the next request (SMG-38).
    if (this.#reader === undefined) return void this.#socket.destroy();
    this.#answered = true;
    if (this.#head === undefined) this.#readHead(bytes);
    else this.#readBody(bytes);
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
    const end = whole.indexOf(headEnd);
    if (end > maxAnswerHead || (end === -1 && whole.length > maxAnswerHead)) return this.#fail('upstream-broken');
    // A copy: the view is overwritten by what comes next.
    if (end === -1) return void (this.#pending = Buffer.from(whole));
    this.#pending = undefined;
    const reader = this.#reader;
    const head = reader && readAnswerHead(whole.toString('latin1', 0, end + 2), reader.method);
    const rest = whole.subarray(end + 4);
    if (head === undefined || reader === undefined) return this.#fail('upstream-broken');
    if (head.statusCode < 200) return this.#skipInterim(head.statusCode, rest);
    this.#head = head;
    this.#left = head.framing.kind === 'length' ? head.framing.bytes : 0;
    this.#chunks = head.framing.kind === 'chunked' ? new Chunks() : undefined;
    this.#deadline = performance.now() + this.#timeouts.idle;
    if (!reader.head(head)) return this.abandon();
    if (head.framing.kind === 'none') this.#finish(undefined, rest.length);
    else if (rest.length > 0) this.#readBody(rest);
  }

  /** 100 and 103 come before the answer; after a 101 that nobody asked for no HTTP would come (RSP-07). */
  #skipInterim(status: number, rest: Buffer): void {
    this.#interim += 1;
    if (status === 101 || this.#interim > maxInterim) return this.#fail('upstream-broken');
    if (rest.length > 0) this.#readHead(rest);
  }

  #readBody(bytes: Buffer): void {
    this.#deadline = performance.now() + this.#timeouts.idle;
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks, bytes);
    if (this.#head?.framing.kind === 'close') return this.#give(Buffer.from(bytes));
    const piece = Buffer.from(bytes.subarray(0, this.#left));
    this.#left -= piece.length;
    if (this.#left === 0) this.#finish(piece, bytes.length - piece.length);
    else this.#give(piece);
  }

  #readChunks(chunks: Chunks, bytes: Buffer): void {
    const read = chunks.read(bytes, this.#giveCopy);
    if (read === undefined) this.#fail('upstream-broken');
    else if (chunks.done) this.#finish(undefined, bytes.length - read);
  }

  readonly #giveCopy = (piece: Buffer): void => this.#give(Buffer.from(piece));

  #give(piece: Buffer): void {
    if (this.#reader === undefined || this.#reader.data(piece) || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** @param extra bytes that came behind the answer: the connection has lost count, and is not used again */
  #finish(last: Buffer | undefined, extra: number): void {
    const reader = this.#reader;
    const reusable = this.#head?.reusable === true && extra === 0 && this.usable;
    this.#reader = undefined;
    this.#used = true;
    this.#deadline = Number.POSITIVE_INFINITY;
    if (this.#paused) this.resume();
    if (reusable) this.#free(this, true);
    else this.#socket.destroy();
    reader?.end(last);
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

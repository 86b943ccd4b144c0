// A strict, streaming reader of multipart/form-data (RFC 7578), byte for byte. It reads the one shape that upload clients
// write and refuses the rest: what two parsers could read differently is never interpreted (P3).
import { refuse, type Refusal } from '../../core/refusal.ts';
import { UploadRefused } from '../registry.ts';
import { headLimit, readPartHead, type PartHead } from './part-head.ts';

const crlf = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

/**
 * The boundary of a `Content-Type: multipart/form-data; boundary=…`, or a refusal. Exactly this type, in this case, with
 * exactly one parameter, not quoted: devpi takes `MultiPart/Form-Data` for another API, bottle parses any `multipart/*`,
 * and of two boundaries Python takes the last (MP-25, MP-27). At most 70 characters of RFC 2046 5.1.1, without space.
 */
export function boundaryOf(contentType: string | undefined): string | Refusal {
  const boundary = /^multipart\/form-data; ?boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})$/.exec(contentType ?? '')?.[1];
  return boundary ?? refuse('body-type', { expected: 'multipart/form-data with one boundary', actual: contentType });
}

/** Throws `UploadRefused` for a body that is not of the grammar; errors of the source go through. It never closes the source: who gave it may still have to answer on it. */
export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  /** `--boundary`, which may stand nowhere but in delimiters. */
  readonly #mark: Buffer;
  /** The mark behind its line end. */
  readonly #delimiter: Buffer;
  readonly #limit: number;
  #pending: Buffer = Buffer.alloc(0);
  #received = 0;
  #state: 'start' | 'data' | 'between' | 'end' = 'start';

  /** @param limit bytes of the whole body */
  constructor(source: AsyncIterable<Uint8Array>, boundary: string, limit: number) {
    this.#source = source[Symbol.asyncIterator]();
    this.#mark = Buffer.from(`--${boundary}`, 'latin1');
    this.#delimiter = Buffer.concat([crlf, this.#mark]);
    this.#limit = limit;
  }

  /** The head of the next part, or undefined when the body ended as it should. Reads past what is left of the part before. */
  async next(): Promise<PartHead | undefined> {
    if (this.#state === 'start') await this.#open();
    if (this.#state === 'data') throw new Error('the data of the part before was not read');
    if (this.#state === 'end') return undefined;
    const head = await this.#head();
    this.#state = 'data';
    return head;
  }

  /** The data of the part whose head came last, in pieces as they arrive; at most one piece is held. */
  async *data(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const at = this.#pending.indexOf(this.#mark);
      if (at >= 0) return yield* this.#lastData(at);
      const sure = this.#pending.length - this.#heldBack();
      if (sure > 0) yield this.#take(sure);
      if (!(await this.#fill())) throw new UploadRefused(refuse('body-incomplete'));
    }
  }

  /**
   * Bytes at the end that may be the begin of the mark, or of the line end that has to stand before it. Mostly none: then
   * the next chunk need not be copied behind them.
   */
  #heldBack(): number {
    const pending = this.#pending;
    for (let length = Math.min(pending.length, this.#delimiter.length - 1); length > 0; length -= 1) {
      const first = pending[pending.length - length];
      if (first !== this.#delimiter[0] && first !== this.#mark[0]) continue;
      const end = pending.subarray(pending.length - length);
      if (end.equals(this.#delimiter.subarray(0, length)) || end.equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }

  async *#lastData(at: number): AsyncGenerator<Uint8Array, void, void> {
    // MP-04, MP-06: Python ends a part at a bare LF too. A boundary inside a value is a trick, or bad luck; both are refused.
    if (at < 2 || !this.#pending.subarray(at - 2, at).equals(crlf)) throw malformed('its boundary stands inside a value');
    if (at > 2) yield this.#take(at - 2);
    this.#take(2 + this.#mark.length);
    await this.#afterMark();
  }

  /** One line end may come first (distutils sends it); a preamble may not (MP-42). */
  async #open(): Promise<void> {
    await this.#need(2);
    if (this.#pending.subarray(0, 2).equals(crlf)) this.#take(2);
    await this.#need(this.#mark.length);
    if (!this.#take(this.#mark.length).equals(this.#mark)) throw malformed('it does not begin with its boundary');
    await this.#afterMark();
    if (this.#state === 'end') throw malformed('it has no parts');
  }

  /** Line end: a part follows. `--`: the end, with at most one line end behind (MP-41). Nothing else, not even a space (MP-09). */
  async #afterMark(): Promise<void> {
    await this.#need(2);
    const tail = this.#take(2);
    if (tail.equals(crlf)) {
      this.#state = 'between';
      return;
    }
    if (tail.toString('latin1') !== '--') throw malformed('a boundary line has more than the boundary');
    while (this.#pending.length <= crlf.length && (await this.#fill()));
    if (this.#pending.length > 0 && !this.#pending.equals(crlf)) throw malformed('something follows its end');
    this.#state = 'end';
  }

  async #head(): Promise<PartHead> {
    let end = this.#pending.indexOf(headEnd);
    while (end < 0) {
      if (this.#pending.length > headLimit) throw malformed(`the head of a part is longer than ${headLimit} bytes`);
      if (!(await this.#fill())) throw new UploadRefused(refuse('body-incomplete'));
      end = this.#pending.indexOf(headEnd);
    }
    const head = readPartHead(this.#take(end));
    this.#take(headEnd.length);
    if (typeof head === 'string') throw malformed(head);
    return head;
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }

  async #need(length: number): Promise<void> {
    while (this.#pending.length < length) {
      if (!(await this.#fill())) throw new UploadRefused(refuse('body-incomplete'));
    }
  }

  /** Reads one more chunk; false at the end of the source. */
  async #fill(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#received += value.length;
    if (this.#received > this.#limit) throw new UploadRefused(refuse('body-too-large', { limit: this.#limit }));
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    return true;
  }
}

/** A refusal of the body, with the reason as half a sentence. */
export function malformed(problem: string): UploadRefused {
  return new UploadRefused(refuse('body-invalid', { problem }));
}

// A client's own GET or HEAD to the upstream, by a client of our own that knows nothing else: the path of installs and
// searches, at a third of what an engine for everything costs. Everything else goes by `pass-through.ts`.
import { refuse } from '../core/refusal.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import type { AnswerHead } from './answer-head.ts';
import { send } from './answer.ts';
import { allowedForUpstream } from './onward-headers.ts';
import type { PassedCall, PassOptions, PassOutcome, PassThrough, PassThroughTimeouts } from './pass-through.ts';
import type { ReadConnection, Reader, ReadFailure } from './read-connection.ts';
import { ReadPool } from './read-pool.ts';
import { breakOffAnswer } from './reset.ts';
import { headForClient } from './response.ts';
import { joinUpstream } from './target.ts';
import { giveBack } from './upstream-socket.ts';

/** Opens the lean path. Its kept connections carry clients' own reads only, never the service credential. */
export function createLeanRead(timeouts: PassThroughTimeouts): PassThrough {
  const pools = new Map<string, ReadPool>();
  const poolOf = cachedBy((registry: RegistrySettings) => {
    const key = `${registry.upstream.origin} ${registry.caFile ?? ''}`;
    const pool = pools.get(key) ?? new ReadPool(registry, timeouts);
    pools.set(key, pool);
    return pool;
  });
  return {
    pass: (call, options) => new LeanRead(call, options, poolOf(call.registry)).ask(),
    close: () => {
      for (const pool of pools.values()) pool.close();
    },
  };
}

function cachedBy<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

/** Bytes. */
const smallAnswer = 8 * 1024;

/** One read on its way. */
class LeanRead implements Reader {
  readonly method: string;
  readonly #call: PassedCall;
  readonly #options: PassOptions;
  readonly #pool: ReadPool;
  readonly #text: string;
  #connection: ReadConnection | undefined;
  #status = 0;
  /** A piece of the body was written. */
  #begun = false;
  #retried = false;
  #done = false;

  constructor(call: PassedCall, options: PassOptions, pool: ReadPool) {
    this.method = call.head.method;
    this.#call = call;
    this.#options = options;
    this.#pool = pool;
    this.#text = requestText(call, options);
  }

  ask(): void {
    this.#call.res.on('close', () => this.#clientClosed());
    this.#pool.ask(this.#text, this);
  }

  asked(connection: ReadConnection): boolean {
    this.#connection = connection;
    return !this.#done;
  }

  head(answer: AnswerHead): boolean {
    const { res, registry, head } = this.#call;
    const credentialed = this.#options.credential === 'own' && head.headers.has('authorization');
    const forClient = headForClient(answer, registry, { method: this.method, credentialed });
    if (forClient === undefined) {
      this.failed('upstream-broken');
      return false;
    }
    const { notice } = this.#options;
    if (forClient.reason !== undefined) res.statusMessage = forClient.reason;
    this.#status = forClient.status;
    this.#call.watch?.answered(forClient.status);
    res.writeHead(forClient.status, notice === undefined ? forClient.headers : { ...forClient.headers, 'npm-notice': notice });
    return true;
  }

  data(piece: Buffer, lent: boolean): boolean {
    const { res } = this.#call;
    this.#begun = true;
    // Not after an error: the system may still hold what it was about to write.
    if (lent ? res.write(piece, (error) => error ?? giveBack(piece)) : res.write(piece)) return true;
    res.once('drain', () => this.#connection?.resume());
    return false;
  }

  end(last: Buffer | undefined, lent: boolean): void {
    const { res } = this.#call;
    res.once('finish', () => {
      if (lent && last !== undefined) giveBack(last);
      this.#finish({ kind: 'answered', status: this.#status });
    });
    // Node writes head and body of a small answer in one piece when both are text.
    if (last === undefined || this.#begun || last.length > smallAnswer) res.end(last);
    else res.end(last.toString('latin1'), 'latin1');
  }

  /** Answers in the client's dialect; an answer that was begun and broke off must not look like a short one (RSP-05). */
  failed(failure: ReadFailure): void {
    if (this.#done) return;
    // The upstream closed a kept connection just as this was put on it: nothing was answered, so it is asked once more.
    if (failure === 'stale' && !this.#retried) {
      this.#retried = true;
      return this.#pool.ask(this.#text, this, true);
    }
    const code = failure === 'stale' ? 'upstream-broken' : failure;
    const refusal = refuse(code);
    this.#finish({ kind: 'failed', refusal });
    const { res, registry, requestId, watch } = this.#call;
    watch?.failed(code);
    if (res.headersSent) breakOffAnswer(res);
    else send(res, registry.protocol.reply(refusal, 'other', requestId));
  }

  #clientClosed(): void {
    if (this.#done) return;
    this.#finish({ kind: 'abandoned' });
    this.#connection?.abandon();
  }

  #finish(outcome: PassOutcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#options.finished?.(outcome);
  }
}

/** The request as it is sent: every part was checked to be printable, and the path to be canonical. */
function requestText({ registry, head, about }: PassedCall, { credential, traceparent }: PassOptions): string {
  const query = head.query === '' ? '' : `?${head.query}`;
  const address = about?.address;
  const headers = allowedForUpstream(head.headers, registry, {
    credential,
    ...(address === undefined ? {} : { address }),
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  let text = `${head.method} ${joinUpstream(registry.upstream, `${head.path.slice(1)}${query}`)} HTTP/1.1\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  return `${text}connection: keep-alive\r\n\r\n`;
}

// Keeps one ioredis client alive: tells once when Redis is lost and when it is back, and follows a rotated password file.
import type { Cluster, Redis } from 'ioredis';
import { ioredis } from './ioredis.ts';
import { describeFailure, isAuthenticationFailure, toUnavailable, unreachable, type Reason } from './redis-failure.ts';
import { makeClient, readPasswords, type Passwords, type RedisSettings } from './redis-options.ts';
import { StoreUnavailable } from './store.ts';

/** The part of a pino logger that a store uses. */
export interface StoreLog {
  readonly info: (fields: object, text: string) => void;
  readonly warn: (fields: object, text: string) => void;
}

/** Whom a connection is for: each user has one of his own, so that none waits behind another's answers. */
export interface RedisUse {
  /** In the log: `the token store can be reached`. */
  readonly subject: string;
  /** Methods that the client gets beside its commands. */
  readonly scripts: Readonly<Record<string, { readonly lua: string; readonly numberOfKeys: number }>>;
}

export interface ConnectionEvents {
  /** A server can be asked that may be another one than before. */
  readonly ready: () => void;
  /** The connection is lost, or could not be made. */
  readonly lost: () => void;
}

/** Milliseconds for a cluster: ioredis' own limit counts per command sent, and a cluster sends one command several times. */
const deadline = 900;
/**
 * Commands in a row that were not answered in time: then the connection is made anew. An answer that announces more than
 * ever comes swallows all that follow, and as bytes do come, nothing else would end it (RED-11).
 */
const mostUnanswered = 3;

/**
 * One ioredis client at a time, replaced when the password file changed. `Client` is the part of it that its user needs,
 * scripts included; the same for one server, Sentinel and Cluster.
 */
export class RedisConnection<Client> {
  readonly #settings: RedisSettings;
  readonly #use: RedisUse;
  readonly #log: StoreLog;
  readonly #events: ConnectionEvents;
  #passwords: Passwords;
  #client: Redis | Cluster;
  #closed = false;
  #up: boolean | undefined;
  #unanswered = 0;
  /** Why the connection was lost last: says more than that there is none. */
  #reason: Reason = unreachable;

  /** Connects in the background. @throws Error when a password or CA file cannot be read */
  constructor(settings: RedisSettings, use: RedisUse, log: StoreLog, events: ConnectionEvents) {
    this.#settings = settings;
    this.#use = use;
    this.#log = log;
    this.#events = events;
    this.#passwords = readPasswords(settings);
    this.#client = this.#build();
  }

  /** Runs one command; every failure is a `StoreUnavailable`, after 500 ms (`redis-options.ts`), in a cluster `deadline` at the latest. */
  async ask<T>(command: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable(`The ${this.#use.subject} is closed.`, 'closed');
    this.#gatherWrites();
    const client = this.#client;
    try {
      // The scripts were defined in `#build`; ioredis' types cannot know.
      const coming = command(client as unknown as Client);
      const answer = await (client instanceof ioredis().Cluster ? within(coming) : coming);
      this.#unanswered = 0;
      return answer;
    } catch (error) {
      const unavailable = toUnavailable(error, this.#reason);
      this.#countUnanswered(unavailable, client);
      throw unavailable;
    }
  }

  #countUnanswered({ failure }: StoreUnavailable, client: Redis | Cluster): void {
    this.#unanswered = failure === 'timeout' ? this.#unanswered + 1 : 0;
    if (this.#unanswered < mostUnanswered || client !== this.#client || client.status !== 'ready') return;
    this.#unanswered = 0;
    client.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
  }

  /**
   * What one turn of the event loop asks goes out in one write. The nodes of a cluster have connections of their own. (With
   * ioredis' own pipelining scripts are slower than without.)
   */
  #gatherWrites(): void {
    const stream = this.#client instanceof ioredis().Cluster ? undefined : this.#client.stream;
    if (stream === undefined || stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  #build(): Redis | Cluster {
    const made = makeClient(this.#settings, this.#passwords);
    for (const [name, script] of Object.entries(this.#use.scripts)) made.defineCommand(name, script);
    const whileCurrent = (handler: (error?: unknown) => unknown) => (error?: unknown) => {
      if (!this.#closed && made === this.#client) handler(error);
    };
    made.on(
      'ready',
      whileCurrent(() => this.#isUp()),
    );
    made.on(
      'close',
      whileCurrent(() => this.#isDown()),
    );
    made.on(
      'error',
      whileCurrent((error) => this.#isDown(error)),
    );
    made.on(
      '+node',
      whileCurrent(() => made.status === 'ready' && this.#events.ready()),
    );
    // One node of a cluster: no more than what its other nodes make of it, except that they all share the password.
    made.on(
      'node error',
      whileCurrent((error) => this.#followPassword(error)),
    );
    return made;
  }

  #isUp(): void {
    if (this.#up !== true) this.#log.info({ store: 'redis' }, `the ${this.#use.subject} can be reached`);
    this.#up = true;
    this.#reason = unreachable;
    this.#events.ready();
  }

  #isDown(error?: unknown): void {
    if (error !== undefined) this.#reason = describeFailure(error);
    if (this.#up !== false) this.#log.warn({ store: 'redis', reason: this.#reason.sentence }, `the ${this.#use.subject} cannot be reached`);
    this.#up = false;
    this.#events.lost();
    this.#followPassword(error);
  }

  /** A rotated password: the file says what Redis now wants (RED-10). */
  #followPassword(error: unknown): void {
    if (!isAuthenticationFailure(error)) return;
    try {
      const fresh = readPasswords(this.#settings);
      if (same(fresh, this.#passwords)) return;
      this.#passwords = fresh;
      const old = this.#client;
      this.#client = this.#build();
      old.disconnect();
    } catch {
      const text = `the ${this.#use.subject}'s password file cannot be read; the password read before stays in use`;
      this.#log.warn({ store: 'redis' }, text);
    }
  }
}

function within<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StoreUnavailable('Redis did not answer in time.', 'timeout')), deadline);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function same(a: Passwords, b: Passwords): boolean {
  return a.redis?.reveal() === b.redis?.reveal() && a.sentinel?.reveal() === b.sentinel?.reveal();
}

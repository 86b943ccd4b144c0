// Kept connections for reads, to one upstream: they carry clients' own reads and nothing else.
import type { Socket } from 'node:net';
import type { RegistrySettings } from '../registries/registry.ts';
import { ReadConnection, type Reader, type ReadTimeouts } from './read-connection.ts';
import { connectUpstream, tlsOptions } from './upstream-socket.ts';

/** Connections that are kept without work, and the milliseconds for which they are. */
const mostIdle = 64;
const restFor = 30_000;

export class ReadPool {
  readonly #upstream: URL;
  readonly #timeouts: ReadTimeouts;
  readonly #security: ReturnType<typeof tlsOptions> | undefined;
  readonly #open = new Set<ReadConnection>();
  /** The one used last is taken first, so that those beyond need are left to rest. */
  readonly #idle: ReadConnection[] = [];
  readonly #sweep: NodeJS.Timeout;

  /** Throws when the registry's CA file cannot be read. */
  constructor({ upstream, caFile }: Pick<RegistrySettings, 'upstream' | 'caFile'>, timeouts: ReadTimeouts) {
    this.#upstream = upstream;
    this.#timeouts = timeouts;
    this.#security = upstream.protocol === 'https:' ? tlsOptions(upstream, caFile === undefined ? {} : { caFile }) : undefined;
    // One clock for all: a timer for each request would cost more than the request's own head.
    this.#sweep = setInterval(() => this.#look(), Math.min(1000, timeouts.headers / 4, timeouts.idle / 4)).unref();
  }

  /** Asks on a kept connection, or on a new one. @param fresh on a new one in any case */
  ask(text: string, reader: Reader, fresh = false): void {
    const kept = fresh ? undefined : this.#kept();
    if (kept === undefined) this.#connect(text, reader);
    else if (reader.asked(kept)) kept.ask(text, reader);
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const connection of this.#open) connection.destroy();
  }

  #kept(): ReadConnection | undefined {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) if (kept.usable) return kept;
    return undefined;
  }

  #connect(text: string, reader: Reader): void {
    let connection: ReadConnection | undefined;
    const received = (bytes: Buffer): boolean => connection?.received(bytes) ?? false;
    const done = (error: Error | null, socket: Socket | null): void => {
      if (error !== null || socket === null) return reader.failed('upstream-unreachable');
      connection = new ReadConnection(socket, this.#timeouts, this.#freed);
      this.#open.add(connection);
      if (reader.asked(connection)) connection.ask(text, reader);
      else this.#freed(connection, true);
    };
    connectUpstream(this.#upstream, this.#security, done, { received });
  }

  readonly #freed = (connection: ReadConnection, reusable: boolean): void => {
    if (!reusable) {
      this.#open.delete(connection);
      return;
    }
    if (this.#idle.length >= mostIdle) return connection.destroy();
    connection.rest(performance.now() + restFor);
    this.#idle.push(connection);
  };

  #look(): void {
    const now = performance.now();
    for (const connection of this.#open) connection.look(now);
  }
}

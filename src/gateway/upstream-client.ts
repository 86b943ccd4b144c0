// Our own requests to upstreams, on connections that carry nothing else. No redirects, no retries, no second origin (SEC-09).
import { Readable } from 'node:stream';
import { errors, Pool } from 'undici';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { Secret } from '../core/secret.ts';
import type { RegistrySettings, UpstreamRequest } from '../registries/registry.ts';
import { publicHost } from './onward-headers.ts';
import { AnswerTooSlow, patience } from './patience.ts';
import { scrub } from './scrub.ts';
import { joinUpstream } from './target.ts';
import { connectUpstream, tlsOptions } from './upstream-socket.ts';

/** An upstream's answer, as far as anybody needs it. No word of the credential is in it (RSP-14). */
export interface UpstreamAnswer {
  readonly status: number;
  /** Reason phrase as received. */
  readonly reason: string;
  /** By lower-case name; repeated ones joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body was longer than the limit, or an error's body broke off. */
  readonly truncated: boolean;
}

/**
 * What became of a request. `unreachable`: not a byte was sent. `timeout` and `broken`: nobody knows what the upstream did
 * (RSP-17, FLT-06, FLT-08); it is not tried again.
 */
export type Sent =
  | { readonly kind: 'answered'; readonly answer: UpstreamAnswer }
  | { readonly kind: 'unreachable' | 'timeout' | 'broken'; readonly refusal: Refusal };

export interface UpstreamBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes, where known; chunked otherwise. */
  readonly length?: number;
}

export interface SendOptions {
  /** The whole Authorization header; undefined: none is sent. */
  readonly credential: Secret | undefined;
  /** Instead of `request.body`. */
  readonly body?: UpstreamBody | undefined;
  /** Bytes of the answer that are kept; 64 KiB unless said. */
  readonly answerLimit?: number;
  /** Nobody is shown the answer, which may be long: its body is not searched for the credential. */
  readonly unseen?: true;
}

export interface UpstreamClient {
  /**
   * Sends the request to the registry's upstream. Rejects only with what the body threw (`UploadRefused`, a client that is
   * gone); the upstream's connection was reset then, in mid-request.
   */
  readonly send: (registry: RegistrySettings, request: UpstreamRequest, options: SendOptions) => Promise<Sent>;
  /** Sends a GET and gives its answer as a stream, for reads of any size. */
  readonly open: (registry: RegistrySettings, path: string, accept: string, credential: Secret | undefined) => Promise<Opened>;
  readonly close: () => Promise<void>;
}

/** An answer whose body has not been read. Whoever gets it reads the body or destroys it. */
export type Opened =
  | {
      readonly kind: 'opened';
      readonly status: number;
      readonly reason: string;
      readonly rawHeaders: readonly string[];
      readonly body: Readable;
    }
  | Exclude<Sent, { readonly kind: 'answered' }>;

export interface ClientOptions {
  /** Ours, for User-Agent. pypiserver answers other statuses to twine's. */
  readonly version: string;
  /** Milliseconds without a byte of the answer, or of progress in sending; 60 s unless said. */
  readonly idleTimeout?: number;
  /** Milliseconds for the whole of an answer that is kept, or the head of one that streams; 10 min unless said. */
  readonly answerTimeout?: number;
  /** Of the trace that a call is in (W3C Trace Context). */
  readonly traceparent?: () => string | undefined;
}

type Answered = Awaited<ReturnType<Pool['request']>>;

/** What a protocol may say in the head of a request that we write; everything else is ours. */
const fromProtocol = ['accept', 'content-type'];

/** A set of connection pools, one per upstream. Make one for each kind of credential: they never share a connection. */
export function createUpstreamClient(client: ClientOptions): UpstreamClient {
  const { idleTimeout = 60_000, answerTimeout = 600_000 } = client;
  const pools = new Map<string, Pool>();
  const unconnected = new WeakSet<object>();
  const poolOf = ({ upstream, caFile }: RegistrySettings): Pool => {
    const key = `${upstream.origin} ${caFile ?? ''}`;
    const pool = pools.get(key) ?? openPool(upstream, caFile, idleTimeout, unconnected);
    pools.set(key, pool);
    return pool;
  };
  return {
    send: async (registry, request, options) => {
      const line = { method: request.method, path: joinUpstream(registry.upstream, request.path) };
      const headers = headersFor(registry, request, options, client);
      const pool = poolOf(registry);
      const waiting = patience(answerTimeout);
      const sending = watch(options.body, waiting.begin);
      if (options.body === undefined) waiting.begin();
      try {
        const { signal, informed: onInfo } = waiting;
        const response = await pool.request({ ...line, headers, body: sending.stream ?? request.body ?? null, signal, onInfo });
        const answer = await readAnswer(response, options);
        // Success that was told before everything was sent is none (RSP-11).
        const early = answer.status < 300 && !sending.complete();
        return early ? failed('broken', `status ${answer.status} before the request was complete`) : { kind: 'answered', answer };
      } catch (error) {
        if (sending.failure() !== undefined) throw sending.failure();
        return classify(error, unconnected);
      } finally {
        waiting.end();
      }
    },
    open: async (registry, path, accept, credential) => {
      const request: UpstreamRequest = { method: 'GET', path, headers: { accept } };
      const waiting = patience(answerTimeout);
      waiting.begin();
      try {
        const response = await poolOf(registry).request({
          method: 'GET',
          path: joinUpstream(registry.upstream, path),
          headers: headersFor(registry, request, { credential }, client),
          signal: waiting.signal,
          onInfo: waiting.informed,
        });
        return opened(response, credential);
      } catch (error) {
        return classify(error, unconnected);
      } finally {
        waiting.end();
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function openPool(upstream: URL, caFile: string | undefined, idle: number, unconnected: WeakSet<object>): Pool {
  const security = upstream.protocol === 'https:' ? tlsOptions(upstream, caFile === undefined ? {} : { caFile }) : undefined;
  return new Pool(upstream.origin, {
    pipelining: 1,
    allowH2: false,
    headersTimeout: idle,
    bodyTimeout: idle,
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 30_000,
    connect: (_, done) =>
      connectUpstream(upstream, security, (error, socket) => {
        if (socket !== null) return done(null, socket);
        const cause = error ?? new Error('not connected');
        unconnected.add(cause);
        return done(cause, null);
      }),
  });
}

function headersFor(
  registry: RegistrySettings,
  request: UpstreamRequest,
  options: SendOptions,
  client: ClientOptions,
): Record<string, string> {
  const headers: Record<string, string> = { host: publicHost(registry.url) };
  for (const [name, value] of Object.entries(request.headers)) {
    if (fromProtocol.includes(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  headers['user-agent'] = `countersign/${client.version}`;
  headers['x-forwarded-proto'] = registry.url.protocol === 'https:' ? 'https' : 'http';
  const traceparent = client.traceparent?.();
  if (traceparent !== undefined) headers['traceparent'] = traceparent;
  const length = options.body === undefined ? request.body?.byteLength : options.body.length;
  if (length !== undefined) headers['content-length'] = String(length);
  if (options.credential !== undefined) headers['authorization'] = options.credential.reveal();
  return headers;
}

/** An answer to be streamed on. Should our credential be in it, it breaks off there (RSP-14). */
function opened(response: Answered, credential: Secret | undefined): Opened {
  // undici reports a body that is destroyed unread as an error: without a listener that ends the process.
  response.body.on('error', () => undefined);
  const clean = scrub(credential);
  const rawHeaders = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, clean.text(one)]),
  );
  const body = Readable.from(clean.stream(response.body), { objectMode: false });
  // Destroyed before it was read, the generator has not begun and would not end its source.
  body.on('error', () => undefined).once('close', () => response.body.destroy());
  return { kind: 'opened', status: response.statusCode, reason: clean.text(response.statusText), rawHeaders, body };
}

/** The body with a look-out: whether all of it was handed over, and what it threw. */
function watch(
  source: UpstreamBody | undefined,
  handedOver: () => void,
): {
  readonly stream: Readable | undefined;
  readonly complete: () => boolean;
  readonly failure: () => unknown;
} {
  let sent = 0;
  let ended = source === undefined;
  let thrown: { readonly error: unknown } | undefined;
  const through = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        sent += chunk.byteLength;
        yield chunk;
      }
      ended = true;
      handedOver();
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  return {
    stream: source === undefined ? undefined : Readable.from(through(source.chunks)),
    complete: () => ended || sent === source?.length,
    failure: () => thrown?.error,
  };
}

async function readAnswer(response: Answered, options: SendOptions): Promise<UpstreamAnswer> {
  const limit = options.answerLimit ?? 65_536;
  const chunks: Buffer[] = [];
  let size = 0;
  let truncated = false;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= limit) continue;
      truncated = true;
      break;
    }
  } catch (error) {
    // A refusal is one, however its text ends; a success that broke off may be none.
    if (response.statusCode < 400) throw error;
    truncated = true;
  }
  const clean = scrub(options.credential);
  const body = Buffer.concat(chunks);
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, clean.text([value].flat().join(', '))] as const],
  );
  return {
    status: response.statusCode,
    reason: clean.text(response.statusText),
    headers: Object.fromEntries(headers),
    body: (options.unseen === true ? body : clean.bytes(body, truncated)).subarray(0, limit),
    truncated,
  };
}

function classify(error: unknown, unconnected: WeakSet<object>): Exclude<Sent, { readonly kind: 'answered' }> {
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure';
  if (typeof error === 'object' && error !== null && unconnected.has(error)) return failed('unreachable', name);
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError || error instanceof AnswerTooSlow)
    return failed('timeout', name);
  // What undici says of us, not of the upstream: a bug.
  if (error instanceof errors.InvalidArgumentError || !(error instanceof Error)) throw error;
  return failed('broken', name);
}

function failed(kind: 'unreachable' | 'timeout' | 'broken', detail: string): Exclude<Sent, { readonly kind: 'answered' }> {
  return { kind, refusal: refuse(`upstream-${kind}`, {}, { detail }) };
}

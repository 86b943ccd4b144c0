// The client's own request to the upstream, by http-proxy-3 behind a guard. Never with the service credential.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { Head, RegistrySettings } from '../registries/registry.ts';
import { send } from './answer.ts';
import { drain, endAnswer, welcomeBody } from './drain.ts';
import { allowedForUpstream } from './onward-headers.ts';
import { breakOffAnswer } from './reset.ts';
import { headForClient } from './response.ts';
import type { Watch } from './room.ts';
import { joinUpstream } from './target.ts';
import { connectUpstream, tlsOptions } from './upstream-socket.ts';

/** What of a request is needed to pass it on. */
export interface PassedCall {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly registry: RegistrySettings;
  readonly head: Head;
  readonly requestId: string;
  readonly about?: { readonly address?: string };
  readonly watch?: Watch;
}

export interface PassOptions {
  /** 'none' takes Authorization and cookies off. */
  readonly credential: 'own' | 'none';
  /** Told to npm clients in `npm-notice`. */
  readonly notice?: string;
  /** Of a trace that goes on at the upstream. */
  readonly traceparent?: string;
  /** Called once, when nothing more will happen. */
  readonly finished?: (outcome: PassOutcome) => void;
}

export type PassOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** The client was told the refusal, or its connection was destroyed in mid-answer. */
  | { readonly kind: 'failed'; readonly refusal: Refusal }
  | { readonly kind: 'abandoned' };

export interface PassThrough {
  /** Passes the request on and answers it, whatever happens. Never throws for what the client or the upstream do. */
  readonly pass: (call: PassedCall, options: PassOptions) => void;
  readonly close: () => void;
}

export interface PassThroughTimeouts {
  /** Milliseconds from the last byte of the request to the head of the answer. */
  readonly headers: number;
  /** Milliseconds without a byte in either direction. */
  readonly idle: number;
}

/** One request on its way. */
interface Passing {
  readonly call: PassedCall;
  readonly options: PassOptions;
  readonly credentialed: boolean;
  upstream?: ClientRequest;
  timer?: NodeJS.Timeout;
  /** The head of an answer came: from now on that answer's own end counts. */
  answering: boolean;
  done: boolean;
}

/**
 * Opens the engine. Each request has a connection of its own: whatever an upstream takes the body of a write for, or whom it
 * believes the connection to be, it can do so on this one only (CL.0, SMG-41, HDR-17).
 */
export function createPassThrough(timeouts: PassThroughTimeouts = { headers: 60_000, idle: 60_000 }): PassThrough {
  // The engine's other path, by fetch, buffers bodies whole and ends broken answers as if complete; this variable forces it.
  if (process.env['FORCE_FETCH_PATH'] !== undefined) throw new Error('FORCE_FETCH_PATH must not be set');
  const proxy = createProxyServer({ selfHandleResponse: true, toProxy: true, prependPath: false });
  const agents = new Map<string, http.Agent>();
  const underWay = new WeakMap<IncomingMessage, Passing>();

  // Hooks only watch. What they would add or strip is skipped for some requests (`Expect`), so it is done beforehand.
  proxy.on('proxyReq', (upstream, req) => {
    const passing = underWay.get(req);
    if (passing !== undefined) guard(passing, upstream, timeouts.idle);
  });
  proxy.on('proxyRes', (answer, req) => {
    const passing = underWay.get(req);
    if (passing === undefined) answer.destroy();
    else relay(passing, answer);
  });
  proxy.on('error', () => undefined);
  proxy.on('econnreset', (_, req) => {
    const passing = underWay.get(req);
    if (passing !== undefined) finish(passing, { kind: 'abandoned' });
  });

  return {
    pass: (call, options) => {
      const { req, res, registry, head } = call;
      const passing: Passing = {
        call,
        options,
        credentialed: options.credential === 'own' && head.headers.has('authorization'),
        answering: false,
        done: false,
      };
      underWay.set(req, passing);
      welcomeBody(req, res);
      // The engine reads these two: exactly what the upstream is to get, a path that it cannot normalise into another.
      req.url = joinUpstream(registry.upstream, `${head.path.slice(1)}${head.query === '' ? '' : `?${head.query}`}`);
      req.headers = allowedForUpstream(head.headers, registry, {
        credential: options.credential,
        ...(call.about?.address === undefined ? {} : { address: call.about.address }),
        ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
      });
      startHeaderTimer(passing, timeouts.headers);
      res.once('close', () => abandonUnlessDone(passing));
      const engine = { target: registry.upstream.origin, agent: agentOf(agents, registry) };
      proxy.web(req, res, engine, (error) => fail(passing, failureOf(error)));
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function agentOf(agents: Map<string, http.Agent>, { upstream, caFile }: RegistrySettings): http.Agent {
  const key = `${upstream.origin} ${caFile ?? ''}`;
  const known = agents.get(key);
  if (known !== undefined) return known;
  const secure = upstream.protocol === 'https:';
  const agent = new (secure ? https : http).Agent({ keepAlive: false });
  const security = secure ? tlsOptions(upstream, caFile === undefined ? {} : { caFile }) : undefined;
  agent.createConnection = (_, done) => {
    connectUpstream(upstream, security, (error, socket) => done?.(error, socket ?? new net.Socket()));
    return undefined;
  };
  agents.set(key, agent);
  return agent;
}

/** Nothing for ever, or a head that drips (RSP-06): counted from the moment the upstream has the whole request. */
function startHeaderTimer(passing: Passing, milliseconds: number): void {
  const start = (): void => {
    if (!passing.done) passing.timer = setTimeout(() => fail(passing, 'upstream-timeout'), milliseconds);
  };
  const { method } = passing.call.head;
  if (method === 'POST' || method === 'PUT' || method === 'PATCH') passing.call.req.once('end', start);
  else start();
}

function guard(passing: Passing, upstream: ClientRequest, idle: number): void {
  passing.upstream = upstream;
  if (passing.done) return void upstream.destroy();
  upstream.setTimeout(idle, () => fail(passing, 'upstream-timeout'));
  // A 101 to a request that asked for none ends the connection without an error: nobody else would say a word (RSP-07).
  upstream.once('close', () => {
    if (passing.upstream === upstream && !passing.answering) fail(passing, 'upstream-broken');
  });
}

function relay(passing: Passing, answer: IncomingMessage): void {
  const { req, res, registry, head } = passing.call;
  passing.answering = true;
  clearTimeout(passing.timer);
  if (passing.done) return void answer.destroy();
  const forClient = headForClient(answer, registry, { method: head.method, credentialed: passing.credentialed });
  if (forClient === undefined) return fail(passing, 'upstream-broken');
  passing.call.watch?.answered(forClient.status);
  const { notice } = passing.options;
  if (forClient.reason !== undefined) res.statusMessage = forClient.reason;
  res.writeHead(forClient.status, { ...forClient.headers, ...(notice === undefined ? {} : { 'npm-notice': notice }) });
  // A broken answer must not look like a short one: the client's connection is destroyed, never ended (RSP-05).
  answer.once('error', () => fail(passing, 'upstream-broken'));
  const answered = (): void => finish(passing, { kind: 'answered', status: forClient.status });
  res.once('finish', answered);
  answer.once('end', () => {
    // An early answer: what the client still sends is ours to take.
    if (passing.upstream?.writableFinished === false) answered();
    endAnswer(res);
    drain(req);
  });
  answer.pipe(res, { end: false });
}

type Failure = 'upstream-unreachable' | 'upstream-timeout' | 'upstream-broken';

function failureOf(error: NodeJS.ErrnoException): Failure {
  const unconnected =
    /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNECT_TIMEOUT|ETIMEDOUT|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;
  return unconnected.test(error.code ?? '') ? 'upstream-unreachable' : 'upstream-broken';
}

/** Answers in the client's dialect, or destroys the connection where an answer was begun. Says nothing of the error itself. */
function fail(passing: Passing, code: Failure): void {
  if (passing.done) return;
  const { res, registry, requestId, watch } = passing.call;
  const refusal = refuse(code);
  watch?.failed(code);
  finish(passing, { kind: 'failed', refusal });
  if (res.headersSent) return breakOffAnswer(res);
  send(res, registry.protocol.reply(refusal, 'other', requestId));
}

function abandonUnlessDone(passing: Passing): void {
  if (!passing.done) finish(passing, { kind: 'abandoned' });
}

function finish(passing: Passing, outcome: PassOutcome): void {
  if (passing.done) return;
  passing.done = true;
  clearTimeout(passing.timer);
  // Also after an early answer: what the client still sends has nowhere to go. With an error, so that the connection is
  // reset: an upstream that counts on WSGI would store half an upload after a clean end (P9).
  if (outcome.kind !== 'answered' || passing.upstream?.writableFinished === false) passing.upstream?.destroy(new Error(outcome.kind));
  passing.options.finished?.(outcome);
}

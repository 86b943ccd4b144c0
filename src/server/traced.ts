// The parts of the server with their work shown in traces; without tracing they are what they are.
import type { BlockList } from 'node:net';
import type { ExchangeRoom } from '../exchange/exchange.ts';
import type { Forwarder } from '../gateway/forwarder.ts';
import type { PassOutcome, PassThrough } from '../gateway/pass-through.ts';
import type { Store } from '../store/store.ts';
import type { SpanEnd, Tracing } from '../tracing.ts';
import { isTrustedPeer } from './address.ts';
import type { Handler } from './listeners.ts';
import type { RequestWatch } from './meters/requests.ts';

export type WatchedHandler = (...parameters: [...Parameters<Handler>, RequestWatch]) => void;

/** Each request in a span of its own, below that of a trusted proxy where one is named. Nobody else's header is looked at. */
export function tracedHandler(handler: WatchedHandler, tracing: Tracing | undefined, trusted: () => BlockList): WatchedHandler {
  if (tracing === undefined) return handler;
  return (req, res, watch) => {
    const named = req.headers['traceparent'];
    const { method = '' } = req;
    tracing.request(typeof named === 'string' && isTrustedPeer(req, trusted()) ? named : undefined, (end) => {
      res.on('close', () => {
        const status = res.writableFinished ? res.statusCode : 0;
        const request = String(res.getHeader('x-request-id') ?? '');
        const { registry, route } = watch;
        const more = { 'http.request.method': method, 'countersign.registry': registry, 'countersign.route': route };
        end({ name: `${method} ${route}`, status, failed: status >= 500, more: { ...more, 'countersign.request': request } });
      });
      handler(req, res, watch);
    });
  };
}

export function tracedVerify(verify: ExchangeRoom['verify'], tracing: Tracing | undefined): ExchangeRoom['verify'] {
  return tracing === undefined ? verify : async (...asked) => tracing.step('verify', async () => verify(...asked));
}

/** Mark and mint; what a read or an upload asks of the store is in its metrics. */
export function tracedStore(store: Store, tracing: Tracing | undefined): Store {
  if (tracing === undefined) return store;
  return {
    ...store,
    mint: async (request) => tracing.step('store', async () => store.mint(request)),
    ask: async (request) => tracing.step('store', async () => store.ask(request)),
  };
}

export function tracedForwarder(forwarder: Forwarder, tracing: Tracing | undefined): Forwarder {
  if (tracing === undefined) return forwarder;
  return {
    ...forwarder,
    send: async (...asked) => tracing.step('forward', async () => forwarder.send(...asked)),
    sendForeign: async (...asked) => tracing.step('forward', async () => forwarder.sendForeign(...asked)),
    probe: async (...asked) => tracing.step('lookup', async () => forwarder.probe(...asked)),
  };
}

export function tracedPassThrough(passThrough: PassThrough, tracing: Tracing | undefined): PassThrough {
  if (tracing === undefined) return passThrough;
  return {
    ...passThrough,
    pass: (call, options) =>
      tracing.open('pass-through', (end) => {
        const traceparent = tracing.traceparent();
        const finished = (outcome: PassOutcome): void => {
          end(aboutOf(outcome));
          options.finished?.(outcome);
        };
        passThrough.pass(call, { ...options, ...(traceparent === undefined ? {} : { traceparent }), finished });
      }),
  };
}

function aboutOf(outcome: PassOutcome): SpanEnd {
  if (outcome.kind === 'answered') return { status: outcome.status };
  return outcome.kind === 'failed' ? { code: outcome.refusal.code, failed: true } : { status: 0 };
}

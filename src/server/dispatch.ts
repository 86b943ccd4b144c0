// Where every request on the public listener starts: head, target, host; then the control plane or the gateway.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { AuditStore } from '../audit/store.ts';
import { isRefusal, refuse, toPrintable, type Refusal } from '../core/refusal.ts';
import type { ExchangeRoom } from '../exchange/exchange.ts';
import { send } from '../gateway/answer.ts';
import { handle } from '../gateway/gateway.ts';
import { readHead } from '../gateway/headers.ts';
import { breakOffAnswer } from '../gateway/reset.ts';
import type { Call, GatewayRoom } from '../gateway/room.ts';
import { readTarget } from '../gateway/target.ts';
import { none } from '../metrics.ts';
import type { Head, RegistrySettings, Reply } from '../registries/registry.ts';
import { clientAddress, isTrustedPeer } from './address.ts';
import { control, findEndpoint } from './control.ts';
import { onHost, under, type Hosts } from './find.ts';
import { routeOf, spokenFor, type RequestWatch } from './meters/requests.ts';
import { provenance, provenanceAsked } from './provenance.ts';
import { requestId as newRequestId } from './request-id.ts';
import { howToPublish } from './how-to-publish.ts';
import { recordTurnedAway, type TurnedAwayRoom } from './turned-away.ts';

export interface Found {
  readonly registry: RegistrySettings;
  readonly path: string;
}

/** Everything for one request, taken once at its start: one snapshot of the configuration. */
export interface Room extends TurnedAwayRoom {
  readonly hosts: Hosts;
  readonly exchange: ExchangeRoom;
  readonly gateway: GatewayRoom;
  readonly auditStore: AuditStore;
  readonly failed: (error: unknown, requestId: string) => void;
}

/** Answers one request; a bug answers 500 for this request and nothing else (DOS-17). */
export async function dispatch(room: Room, req: IncomingMessage, res: ServerResponse, watch: RequestWatch): Promise<void> {
  const requestId = newRequestId();
  res.setHeader('x-request-id', requestId);
  // Node drops what came in one piece with such a request, behind it: the next request on this connection would be cut (SMG-26).
  if (req.headers.upgrade !== undefined) res.shouldKeepAlive = false;
  const started = room.gateway.now();
  try {
    await route(room, { req, res, requestId, started, watch });
  } catch (error) {
    room.failed(error, requestId);
    if (res.headersSent) breakOffAnswer(res);
    else send(res, plain(refuse('internal'), requestId));
  }
}

interface Arrived extends Pick<Call, 'req' | 'res' | 'requestId' | 'started'> {
  readonly watch: RequestWatch;
}

async function route(room: Room, { req, res, requestId, started, watch }: Arrived): Promise<void> {
  const read = readHead(req);
  // A head that was refused is good enough to guess the client's dialect from, and for nothing else.
  const refused = (registries: readonly RegistrySettings[], refusal: Refusal): void => {
    recordTurnedAway(room, req, requestId, refusal);
    refuseEarly(res, registries, refusal, requestId);
  };
  if (isRefusal(read)) return refused(onHost(room.hosts, req.headers.host ?? ''), read);
  const { method, host, headers } = read;
  const registries = onHost(room.hosts, host);
  if (registries.length === 0 || otherName(req, host, room)) return refused([], refuse('request-host', { host }));
  const target = readTarget(req.url ?? '');
  if (isRefusal(target)) return refused(registries, target);

  const head: Head = { method, path: target.path, query: target.query, headers };
  const agent = headers.get('user-agent');
  const about = {
    request: requestId,
    address: clientAddress(req, room.trusted),
    ...(agent === undefined ? {} : { client: toPrintable(agent) }),
  };
  const asked = provenanceAsked(head, registries);
  if (asked !== undefined) {
    watch.enter(asked?.registry ?? none, 'provenance');
    return provenance(room.auditStore, asked, req, res);
  }
  const found = under(registries, target.path);
  const page = howToPublish(head, registries, found);
  if (page !== undefined) return send(res, page);
  const endpoint = findEndpoint(head, registries, found);
  if (endpoint?.endpoint.kind === 'refused') recordTurnedAway(room, req, requestId, endpoint.endpoint.refusal, 'exchange');
  if (endpoint !== undefined) {
    watch.enter(spokenFor(endpoint.registries), routeOf(endpoint.endpoint));
    return control(room.exchange, endpoint, { req, res, requestId, about });
  }
  if (found === undefined) return refused(registries, refuse('request-not-found'));
  const { registry, path } = found;
  watch.enter(registry.name, none);
  return handle(room.gateway, { req, res, requestId, about, started, watch, registry, head: { ...head, path } });
}

/** The client asked TLS for one name and HTTP for another (SMG-31). A proxy in front that is trusted dials us by a name of its own. */
function otherName(req: IncomingMessage, host: string, { trusted }: Room): boolean {
  if (!(req.socket instanceof TLSSocket)) return false;
  // `false` when the client sent no name: it knows us by address.
  const { servername } = req.socket;
  return typeof servername === 'string' && servername.toLowerCase() !== host.replace(/:\d+$/, '') && !isTrustedPeer(req, trusted);
}

/** Before a registry is known, the host's first protocol is the best guess at what the client can show. */
function refuseEarly(res: ServerResponse, registries: readonly RegistrySettings[], refusal: Refusal, requestId: string): void {
  const protocol = registries[0]?.protocol;
  send(res, protocol?.reply(refusal, 'other', requestId) ?? plain(refusal, requestId));
}

/** A refusal as RFC 9457 has it, where no registry's dialect applies. */
function plain(refusal: Refusal, requestId: string): Reply {
  return {
    status: refusal.status,
    // twine shows the reason phrase and nothing else.
    reason: toPrintable(refusal.message, 200),
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: JSON.stringify({
      title: refusal.title,
      status: refusal.status,
      detail: refusal.message,
      code: refusal.code,
      instance: requestId,
    }),
  };
}

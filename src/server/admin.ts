// The admin listener: health for everybody who reaches it, everything else behind the access rule of `admin/`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { refuseAccess } from '../admin/access.ts';
import { problem, type AdminReply, type AdminRequest, type Peer } from '../admin/reply.ts';
import type { AdminRoom } from '../admin/scene.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import { networkOf } from '../exchange/limits.ts';
import { send } from '../gateway/answer.ts';
import { none } from '../metrics.ts';
import { clientAddress, isTrustedPeer } from './address.ts';
import { readBody } from './body.ts';
import { health, type Health } from './health.ts';
import type { Handler } from './listeners.ts';
import type { RequestMeter, RouteLabel } from './meters/requests.ts';
import type { ServerLog } from './server.ts';

export interface AdminParts {
  readonly health: Health;
  readonly room: AdminRoom;
  /** Answers a scrape that may be answered. */
  readonly scrape: Scrape;
  readonly meter: RequestMeter;
  /** Proxies in front whose word about the client is believed. */
  readonly trusted: () => BlockList;
  readonly log: ServerLog;
}

type Scrape = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Answers requests on the admin listener; a bug answers 500 for its request and nothing else (DOS-17). */
export function adminHandler({ health: parts, room, scrape, meter, trusted, log }: AdminParts): Handler {
  const answer = async (request: AdminRequest, req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const watch = meter.begin(res);
    watch.routed(ownRoute(request.path) ?? none);
    if (request.path === '/metrics') return metrics(room, scrape, request, req, res);
    const healthy = await health(parts, req);
    if (healthy !== undefined) return send(res, healthy);
    // Loaded when it is first asked for: most processes never are, and it is a twentieth of their memory.
    const { admin, isOfDashboard } = await import('../admin/admin.ts');
    if (isOfDashboard(request.path)) watch.routed('dashboard');
    const reply = await admin(room, request);
    for (const cookie of reply.cookies ?? []) res.appendHeader('set-cookie', cookie);
    send(res, guarded(reply));
  };
  return (req, res) => {
    const request = requestOf(req, res, trusted());
    answer(request, req, res).catch((error: unknown) => {
      log.error({ err: error }, 'a request on the admin listener failed');
      const { status, title, message } = refuse('internal');
      const body = JSON.stringify({ title, status, detail: message });
      send(res, { status, headers: { 'content-type': 'application/problem+json' }, body });
    });
  };
}

async function metrics(room: AdminRoom, scrape: Scrape, request: AdminRequest, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const refused = refuseAccess(room.access(), request, room.now());
  if (refused !== undefined) return send(res, guarded(refused));
  if (request.method === 'GET' || request.method === 'HEAD') return scrape(req, res);
  send(res, guarded(problem(405, 'Method not allowed', 'Only GET is possible here.', { allow: 'GET, HEAD' })));
}

/** Undefined: the dashboard may know it. */
function ownRoute(path: string): RouteLabel | undefined {
  if (path === '/healthz') return 'healthz';
  if (path === '/readyz') return 'readyz';
  if (path === '/metrics') return 'metrics';
  if (path.startsWith('/api/')) return 'api';
  return undefined;
}

/** The target is split and never normalised: a path is compared with what is there, letter by letter. */
function requestOf(req: IncomingMessage, res: ServerResponse, trusted: BlockList): AdminRequest {
  const target = req.url ?? '';
  const mark = target.indexOf('?');
  return {
    method: req.method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
    headers: req.headers,
    peer: peerOf(req, trusted),
    form: () => readForm(req, res),
  };
}

function peerOf(req: IncomingMessage, trusted: BlockList): Peer {
  const known = isTrustedPeer(req, trusted);
  const secure = known && req.headers['x-forwarded-proto'] === 'https';
  return { network: networkOf(clientAddress(req, trusted)), trusted: known, secure };
}

/** Bytes. An identity token has 16 KiB at most, percent-encoding included. */
const longestForm = 32 * 1024;

async function readForm(req: IncomingMessage, res: ServerResponse): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(req.headers['content-type'] ?? '')) return undefined;
  const body = await readBody({ req, res }, longestForm);
  return isRefusal(body) ? undefined : new URLSearchParams(Buffer.from(body).toString('utf8'));
}

/** No browser is to guess at what an answer is, to show it within another page, or to run anything in it. */
function guarded(reply: AdminReply): AdminReply {
  const headers = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    ...reply.headers,
  };
  return { ...reply, headers };
}

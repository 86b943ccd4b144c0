// The admin listener: health for everybody who reaches it, everything else behind the access rule of `admin/`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { admin, type AdminRoom } from '../admin/admin.ts';
import type { AdminReply, AdminRequest } from '../admin/reply.ts';
import { refuse } from '../core/refusal.ts';
import { send } from '../gateway/answer.ts';
import { health, type Health } from './health.ts';
import type { Handler } from './listeners.ts';
import type { ServerLog } from './server.ts';

/** Answers requests on the admin listener; a bug answers 500 for its request and nothing else (DOS-17). */
export function adminHandler(parts: Health, room: AdminRoom, log: ServerLog): Handler {
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const healthy = await health(parts, req);
    send(res, healthy ?? guarded(await admin(room, requestOf(req))));
  };
  return (req, res) => {
    answer(req, res).catch((error: unknown) => {
      log.error({ err: error }, 'a request on the admin listener failed');
      const { status, title, message } = refuse('internal');
      const body = JSON.stringify({ title, status, detail: message });
      send(res, { status, headers: { 'content-type': 'application/problem+json' }, body });
    });
  };
}

/** The target is split and never normalised: a path is compared with what is there, letter by letter. */
function requestOf(req: IncomingMessage): AdminRequest {
  const target = req.url ?? '';
  const mark = target.indexOf('?');
  return {
    method: req.method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
    headers: req.headers,
  };
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

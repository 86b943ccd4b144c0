// The admin side: which question is answered where, and who may ask.
import { AuditUnavailable, type AuditStore } from '../audit/store.ts';
import { refuseAccess, type AccessRule } from './access.ts';
import { events } from './events.ts';
import { openapi } from './openapi.ts';
import { json, problem, type AdminReply, type AdminRequest } from './reply.ts';
import { summary } from './summary.ts';

export interface AdminRoom {
  readonly access: () => AccessRule;
  readonly audit: AuditStore;
  /** Of this program. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Answer = (room: AdminRoom, request: AdminRequest) => Promise<AdminReply>;

/** Everything that is answered behind the access rule, by path. */
export const adminRoutes: Readonly<Record<string, Answer>> = {
  '/api/v1/events': (room, request) => events(room.audit, request),
  '/api/v1/summary': (room, request) => summary(room.audit, request, room.now()),
  '/api/v1/openapi.json': async (room) => json(200, openapi(room.version)),
};

/** Answers a request on the admin listener that is not about health. Never throws for what can be asked. */
export async function admin(room: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  // Whoever may not ask does not learn what there is.
  const refused = refuseAccess(room.access(), request);
  if (refused !== undefined) return refused;
  const answer = Object.hasOwn(adminRoutes, request.path) ? adminRoutes[request.path] : undefined;
  if (answer === undefined)
    return problem(404, 'Nothing here', `Here are /healthz, /readyz, /metrics, ${Object.keys(adminRoutes).join(', ')}.`);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problem(405, 'Method not allowed', 'Only GET is possible here.', { allow: 'GET, HEAD' });
  }
  try {
    return await answer(room, request);
  } catch (error) {
    if (error instanceof AuditUnavailable) return problem(503, 'Audit store unreachable', error.message, { 'retry-after': '5' });
    throw error;
  }
}

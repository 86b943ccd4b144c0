// Whether a form was sent by a page of ours. Everything else is read only, so this is all that another site could make a
// browser do here (CWE-352); the session's SameSite is the second lock.
import type { AccessRule } from './access.ts';
import { header, type AdminRequest } from './reply.ts';

/** Browsers say where a form comes from in one of these headers; older ones, and those on http, in `Origin` alone. Whoever says nothing is none. */
export function isOwnForm({ url }: Pick<AccessRule, 'url'>, request: AdminRequest): boolean {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = URL.parse(header(request, 'origin') ?? '');
  if (origin === null) return false;
  return origin.origin === url?.origin || origin.host === (header(request, 'host') ?? '').toLowerCase().replace(/:(?:80|443)$/, '');
}

/** A visit from a link of another site, on which a session does not come along although the browser has it. */
export function isVisitFromElsewhere(request: AdminRequest): boolean {
  return request.method === 'GET' && header(request, 'sec-fetch-site') === 'cross-site' && header(request, 'sec-fetch-mode') === 'navigate';
}

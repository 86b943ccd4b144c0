// The admin side: which question is answered where, and who may ask.
import { AuditUnavailable } from '../audit/store.ts';
import { admit, isVisitor, type Visitor } from './access.ts';
import { assetAt } from './assets.ts';
import { events } from './events.ts';
import { bare } from './frame.ts';
import { to } from './href.ts';
import { html } from './html.ts';
import { login, loginPage, logout } from './login.ts';
import { beginLogin, endLogin } from './login-provider.ts';
import { openapi } from './openapi.ts';
import { pages, pageReply, posted } from './pages.ts';
import { detailOf, header, json, page, problem, seeOther, type AdminReply, type AdminRequest } from './reply.ts';
import { isOwnForm, isVisitFromElsewhere } from './same-site.ts';
import type { AdminRoom } from './scene.ts';
import { summary } from './summary.ts';
import { chooseTheme } from './theme.ts';

export type { AdminRoom } from './scene.ts';

type Answer = (room: AdminRoom, request: AdminRequest) => Promise<AdminReply>;

/** The API, by path. */
export const apiRoutes: Readonly<Record<string, Answer>> = {
  '/api/v1/events': (room, request) => events(room.audit, request),
  '/api/v1/summary': (room, request) => summary(room.audit, request, room.now()),
  '/api/v1/openapi.json': async (room) => json(200, openapi(room.version)),
};

/** What whoever is still outside may ask for. */
const doors: Readonly<Record<string, Answer>> = { '/login': loginPage, '/login/provider': beginLogin, '/login/back': endLogin };

/** What pages of ours post. Nothing of it changes anything but this browser. */
const forms = ['/login', '/logout', '/theme', '/try'];

/** Whether a path is of the dashboard: a page, signing in, or what these are made with. */
export function isOfDashboard(path: string): boolean {
  return (
    Object.hasOwn(pages, path) || Object.hasOwn(doors, path) || forms.includes(path) || path === '/find' || assetAt(path) !== undefined
  );
}

/** Answers a request on the admin listener that is not about health. Never throws for what can be asked. */
export async function admin(room: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const file = reads ? assetAt(request.path) : undefined;
  if (file !== undefined) return file;
  if (request.method === 'POST' && forms.includes(request.path)) return post(room, request);
  if (reads && Object.hasOwn(doors, request.path)) return (await doors[request.path]?.(room, request)) ?? nothingHere;
  // Whoever may not ask does not learn what there is.
  const visitor = admit(room.access(), request, room.now());
  if (!isVisitor(visitor)) return turnAway(room, request, visitor);
  if (Object.hasOwn(apiRoutes, request.path) || !wantsPage(request)) return answerApi(room, request, reads);
  return reads ? pageReply(room, request, visitor) : notAllowed;
}

async function answerApi(room: AdminRoom, request: AdminRequest, reads: boolean): Promise<AdminReply> {
  const answer = Object.hasOwn(apiRoutes, request.path) ? apiRoutes[request.path] : undefined;
  if (answer === undefined) return nothingHere;
  if (!reads) return notAllowed;
  try {
    return await answer(room, request);
  } catch (error) {
    if (error instanceof AuditUnavailable) return problem(503, 'Audit store unreachable', error.message, { 'retry-after': '5' });
    throw error;
  }
}

/** A page for a path that has one, and for a browser that looks for one. */
function wantsPage(request: AdminRequest): boolean {
  return Object.hasOwn(pages, request.path) || (!request.path.startsWith('/api/') && isBrowser(request));
}

function isBrowser(request: AdminRequest): boolean {
  return /\btext\/html\b/i.test(header(request, 'accept') ?? '');
}

/** A browser is led to where it can sign in, whatever it asked for; a session that another site's link left behind is asked for again. */
function turnAway(room: AdminRoom, request: AdminRequest, refusal: AdminReply): AdminReply {
  const { token, login: provider } = room.access();
  if (!isBrowser(request) || request.path.startsWith('/api/')) return refusal;
  if (token === undefined && provider === undefined) return closedPage(request, refusal);
  const query = request.query.toString();
  const next = `${request.path}${query === '' ? '' : `?${query}`}`;
  if (!isVisitFromElsewhere(request)) return seeOther(to('/login', { next }));
  return page(200, bare({ request }, 'One moment', html`<p>One moment …</p>`, html`<meta http-equiv="refresh" content="0" />`));
}

function closedPage(request: AdminRequest, refusal: AdminReply): AdminReply {
  return page(
    refusal.status,
    bare(
      { request },
      'Refused',
      html`<h1>Refused</h1>
        <p>${detailOf(refusal)}</p>`,
    ),
  );
}

async function post(room: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  if (!isOwnForm(room.access(), request)) return problem(403, 'Refused', 'This form was not sent by a page of this dashboard.');
  const fields = await request.form();
  if (fields === undefined) return problem(400, 'Form not understood', 'A form of at most 32 KiB is expected.');
  if (request.path === '/login') return login(room, request, fields);
  if (request.path === '/logout') return logout(room, request);
  if (request.path === '/theme') return chooseTheme(fields);
  const visitor: Visitor | AdminReply = admit(room.access(), request, room.now());
  return isVisitor(visitor) ? posted(room, request, visitor, fields) : turnAway(room, request, visitor);
}

const nothingHere = problem(
  404,
  'Nothing here',
  `Here are /healthz, /readyz, /metrics, ${Object.keys(apiRoutes).join(', ')}, and pages for browsers.`,
);
const notAllowed = problem(405, 'Method not allowed', 'Only GET is possible here.', { allow: 'GET, HEAD' });

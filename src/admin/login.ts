// Signing in by token, and out again.
import { admit, isVisitor, type AccessRule } from './access.ts';
import { bare } from './frame.ts';
import { anchor, to, wayBack, type Href } from './href.ts';
import { html, type Html, type Part } from './html.ts';
import { page, seeOther, type AdminReply, type AdminRequest } from './reply.ts';
import { readSecret, same } from './secret.ts';
import { newSession, setCookie } from './session.ts';
import type { AdminRoom } from './scene.ts';

/** `GET /login`: whoever is in already goes on. */
export async function loginPage({ access, now }: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  const rule = access();
  const next = wayBack(request.query.get('next'));
  return isVisitor(admit(rule, request, now())) ? seeOther(next) : page(200, form(rule, request, next));
}

/** `POST /login`. An attempt that fails costs its network one of ten a minute. */
export async function login(room: AdminRoom, request: AdminRequest, fields: URLSearchParams): Promise<AdminReply> {
  const rule = room.access();
  const next = wayBack(fields.get('next'));
  const { network } = request.peer;
  const wait = room.attempts.wait(network);
  if (wait > 0) return { ...page(429, form(rule, request, next, `Too many attempts. Try again in ${wait} s.`)), ...retry(wait) };
  const token = rule.token === undefined ? undefined : readSecret(rule.token);
  const shown = fields.get('token')?.trim() ?? '';
  if (token === undefined || shown.length > 4096 || !same(shown, token)) {
    room.attempts.failed(network);
    room.told({ network }, 'a sign-in to the dashboard was refused: another token');
    return page(403, form(rule, request, next, 'This is not the admin token.'));
  }
  room.told({ network }, 'signed in to the dashboard by token');
  return seeOther(next, [newSession('session by token', token, {}, rule, request, room.now())]);
}

function retry(seconds: number): Pick<AdminReply, 'headers'> {
  const { headers } = page(429, html``);
  return { headers: { ...headers, 'retry-after': String(seconds) } };
}

/** `POST /logout`. The session itself lives until it is over: it is in this browser alone. */
export function logout({ access }: AdminRoom, request: AdminRequest): AdminReply {
  return seeOther(to('/login'), [setCookie('session', '', 0, access(), request)]);
}

function form({ token, login: provider }: AccessRule, request: AdminRequest, next: Href, problem?: string): Html {
  const byToken = html`<form class="${provider === undefined ? 'sign-in' : 'sign-in second'}" action="${to('/login')}" method="post">
    <input type="hidden" name="next" value="${next}" />
    <label
      >Admin token<input
        type="password"
        name="token"
        autocomplete="current-password"
        required
        maxlength="4096"
        ${provider === undefined && html` autofocus`}
    /></label>
    ${provider === undefined ? html`<button class="main">Sign in</button>` : html`<button class="button">Sign in by token</button>`}
  </form>`;
  const at = provider === undefined ? undefined : URL.parse(provider.issuer.url)?.host;
  return bare(
    { request },
    'Sign in',
    html`<h1>Sign in</h1>
      ${problem !== undefined && alert(problem)}
      ${provider !== undefined && anchor(to('/login/provider', { next }), `Sign in at ${at}`, { kind: 'button main' })}
      ${token !== undefined && byToken}
      ${token === undefined && provider === undefined && html`<p>Nobody can sign in here: this listener answers to whoever was let in by the proxy in front.</p>`}`,
  );
}

export function alert(text: Part): Html {
  return html`<p class="alert" role="alert">${text}</p>`;
}

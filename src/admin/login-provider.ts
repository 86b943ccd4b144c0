// Signing in at an OIDC provider: the browser is sent there with a state, a nonce and a PKCE challenge that only it can answer for,
// and comes back with a code.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { own, type JsonObject } from '../core/json.ts';
import { toPrintable } from '../core/refusal.ts';
import { accountOf, isAllowed } from './account.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import type { AccessRule } from './access.ts';
import { bare } from './frame.ts';
import { anchor, to, wayBack, type Href } from './href.ts';
import { html, type Part } from './html.ts';
import { alert } from './login.ts';
import { page, seeOther, type AdminReply, type AdminRequest } from './reply.ts';
import { readSecret } from './secret.ts';
import { newSession, readSession, seal, setCookie } from './session.ts';
import type { AdminRoom } from './scene.ts';

/** Seconds for typing a password and a second factor. */
const patience = 600;

/** `GET /login/provider`. */
export async function beginLogin(room: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  const rule = room.access();
  const [party, secret] = [room.provider(), secretOf(rule)];
  if (party === undefined || secret === undefined) return failed(request, 404, 'No provider is configured.');
  const [state, nonce, verifier] = [random(), random(), random()];
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const target = await party.begin({ redirectUri: redirectUri(rule), state, nonce, challenge });
  if (!(target instanceof URL)) return unreachable(room, request, target.problem);
  const next = wayBack(request.query.get('next'));
  const kept = seal('sign-in', secret, { state, nonce, verifier, next }, Math.floor(room.now() / 1000) + patience);
  return seeOther(target, [setCookie('sign-in', kept, patience, rule, request)]);
}

/** `GET /login/back`: what the provider says of this browser's sign-in. */
export async function endLogin(room: AdminRoom, request: AdminRequest): Promise<AdminReply> {
  const rule = room.access();
  const [party, secret] = [room.provider(), secretOf(rule)];
  if (party === undefined || secret === undefined) return failed(request, 404, 'No provider is configured.');
  const wait = room.attempts.wait(request.peer.network);
  if (wait > 0) return failed(request, 429, `Too many attempts. Try again in ${wait} s.`);
  const reply = await answerOf(room, request, party, readSession('sign-in', secret, rule, request, room.now()));
  if (reply.status >= 400) room.attempts.failed(request.peer.network);
  // Whatever came of it, the sign-in is over.
  return { ...reply, cookies: [...(reply.cookies ?? []), setCookie('sign-in', '', 0, rule, request)] };
}

async function answerOf(room: AdminRoom, request: AdminRequest, party: RelyingParty, begun: JsonObject | undefined): Promise<AdminReply> {
  const rule = room.access();
  const { query } = request;
  const kept = (name: string): string => (begun === undefined ? undefined : textOf(begun, name)) ?? '';
  // Without its own state the answer is to a sign-in that another browser began (RFC 9700 2.1); `iss` as in RFC 9207.
  const iss = query.get('iss');
  if (!equal(query.get('state') ?? '', kept('state')) || (iss !== null && iss !== rule.login?.issuer.url))
    return failed(request, 403, 'This sign-in was not begun here, or too long ago. Begin again.');
  const code = query.get('code') ?? '';
  if (code === '') {
    const said = toPrintable(query.get('error_description') ?? query.get('error') ?? 'nothing', 200);
    return failed(request, 403, `The provider did not sign you in: ${said}.`);
  }
  const answer = await party.redeem({ code, redirectUri: redirectUri(rule), verifier: kept('verifier'), nonce: kept('nonce') });
  return 'problem' in answer ? unreachable(room, request, answer.problem) : letIn(room, request, answer.claims, wayBack(kept('next')));
}

function letIn(room: AdminRoom, request: AdminRequest, claims: JsonObject, next: Href): AdminReply {
  const rule = room.access();
  const secret = secretOf(rule);
  if (rule.login === undefined || secret === undefined) return failed(request, 404, 'No provider is configured.');
  const account = accountOf(rule.login, claims);
  const who = textOf(account, 'name') ?? '';
  if (!isAllowed(rule.login, account)) {
    room.told({ who }, 'a sign-in to the dashboard was refused: not among those that may look');
    const says = html`You are signed in there as <b>${who}</b>, who is not among those that may look here.
      <code>server.admin.login</code> of the policy names them.`;
    return failed(request, 403, says);
  }
  room.told({ who }, 'signed in to the dashboard at the provider');
  // The browser came from the provider's site, and a session does not travel along such a way: this page goes on from ours.
  const onward = html`<meta http-equiv="refresh" content="0;url=${next}" />`;
  const session = newSession('session by login', secret, account, rule, request, room.now());
  return page(200, bare({ request }, 'Signed in', html`<p>Signed in. ${anchor(next, 'Go on')}</p>`, onward), [session]);
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === 'string' ? value : undefined;
}

function secretOf({ login }: AccessRule): string | undefined {
  return login === undefined ? undefined : readSecret(login.clientSecret);
}

function redirectUri({ url }: AccessRule): string {
  return new URL('login/back', url).href;
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

function equal(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && x.length > 0 && timingSafeEqual(x, y);
}

/** What went wrong between us and the provider is for the log; whoever stands at the door is told that much. */
function unreachable(room: AdminRoom, request: AdminRequest, problem: string): AdminReply {
  room.told({ problem }, 'the provider for signing in to the dashboard could not be used');
  return failed(request, 502, 'The provider could not be used; the log of Countersign says why.');
}

function failed(request: AdminRequest, status: number, says: Part): AdminReply {
  return page(
    status,
    bare(
      { request },
      'Not signed in',
      html`<h1>Not signed in</h1>
        ${alert(says)}
        <p>${anchor(to('/login'), 'Back to signing in')}</p>`,
    ),
  );
}

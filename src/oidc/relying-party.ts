// Countersign as the client of an OIDC provider at which administrators sign in: authorization code with PKCE (OpenID Connect
// Core 1.0 section 3.1, RFC 7636, RFC 9700). Who of its accounts is let in is decided in `admin/`.
import { readFile } from 'node:fs/promises';
import { request, type Agent } from 'undici';
import { isJsonObject, own, type Json, type JsonObject } from '../core/json.ts';
import { isRefusal } from '../core/refusal.ts';
import type { SecretSource } from '../core/secret.ts';
import type { LoginSettings } from '../core/settings.ts';
import { checkUrl, fetchDocument, KeysUnavailable, openAgent, readJson } from './fetch-document.ts';
import { createVerifier } from './verify.ts';

/** Expected failures are values: a sentence for the administrator, without secrets. */
export type Failed = { readonly problem: string };

export interface SignIn {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** SHA-256 of the verifier in base64url (RFC 7636 section 4.2). */
  readonly challenge: string;
}

export interface Redemption {
  readonly code: string;
  readonly redirectUri: string;
  /** Of the challenge that the sign-in began with. */
  readonly verifier: string;
  readonly nonce: string;
}

export interface SignedIn {
  readonly claims: JsonObject;
}

export interface RelyingParty {
  /** Where the browser is sent. */
  readonly begin: (signIn: SignIn) => Promise<URL | Failed>;
  /** The claims of whoever signed in: verified, for us, of this very sign-in; with those of the UserInfo endpoint. */
  readonly redeem: (redemption: Redemption) => Promise<SignedIn | Failed>;
  readonly close: () => void;
}

/** Milliseconds. */
const patience = 5_000;
const metadataFresh = 600_000;
const metadataCoolDown = 3_000;

interface Metadata {
  readonly authorization: URL;
  readonly token: URL;
  readonly userinfo?: URL;
  /** The client secret goes into the body, since the provider does not take it in `Authorization`. */
  readonly secretInBody: boolean;
}

/** @param now milliseconds since 1970 */
export function createRelyingParty(settings: LoginSettings, now: () => number = Date.now): RelyingParty {
  const verifier = createVerifier({ issuers: () => new Map([[settings.issuer.name, settings.issuer]]), now });
  const asked = createOnceInAWhile(() => discovered(settings), now);
  const visit = async <T>(work: (agent: Agent) => Promise<T>): Promise<T | Failed> => {
    const agent = await openAgent(settings.issuer);
    try {
      return await work(agent);
    } catch (error) {
      return { problem: reasonOf(error) };
    } finally {
      await agent.destroy();
    }
  };
  return {
    begin: (signIn) => visit(async () => authorizationUrl(settings, await asked(), signIn)),
    redeem: (redemption) =>
      visit(async (agent) => {
        const at = await asked();
        const tokens = await askForTokens(settings, at, redemption, agent);
        const signedIn = await identityOf(settings, tokens, redemption.nonce, verifier.verify);
        return 'problem' in signedIn ? signedIn : withUserInfo(settings, at, tokens, signedIn, agent);
      }),
    close: verifier.close,
  };
}

/**
 * Asked once, however many begin to sign in at that moment, and after a failure not again for a while: who may begin is
 * everybody who reaches the listener, and the provider is no lever of theirs (JWK-10).
 */
function createOnceInAWhile<T>(ask: () => Promise<T>, now: () => number): () => Promise<T> {
  let latest: { readonly answer: Promise<T>; readonly at: number; failed: boolean } | undefined;
  return async () => {
    const age = latest === undefined ? Infinity : Math.abs(now() - latest.at);
    if (latest !== undefined && age <= (latest.failed ? metadataCoolDown : metadataFresh)) return latest.answer;
    const asking = { answer: ask(), at: now(), failed: false };
    latest = asking;
    asking.answer.catch(() => (asking.failed = true));
    return asking.answer;
  };
}

async function discovered(settings: LoginSettings): Promise<Metadata> {
  const agent = await openAgent(settings.issuer);
  try {
    return await discover(settings, agent);
  } finally {
    await agent.destroy();
  }
}

/** `issuer` has to be the configured one (OpenID Connect Discovery 1.0 section 4.3); the endpoints may be elsewhere, over https. */
async function discover({ issuer }: LoginSettings, agent: Agent): Promise<Metadata> {
  const at = new URL(`${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const document = await fetchDocument(at, agent, issuer, { signal: AbortSignal.timeout(patience), dated: () => undefined });
  const named = text(document, 'issuer');
  if (named !== issuer.url) throw new KeysUnavailable(`the discovery document is for issuer ${JSON.stringify(named ?? null)}`);
  const endpoint = (name: string): URL | undefined => {
    const value = text(document, name);
    const url = value === undefined ? undefined : (URL.parse(value) ?? undefined);
    if (url !== undefined) checkUrl(url, issuer);
    return url;
  };
  const [authorization, token, userinfo] = [endpoint('authorization_endpoint'), endpoint('token_endpoint'), endpoint('userinfo_endpoint')];
  if (authorization === undefined || token === undefined)
    throw new KeysUnavailable('the discovery document has no authorization_endpoint or no token_endpoint');
  // Without the member it is `client_secret_basic` (section 3).
  const methods = isJsonObject(document) ? own(document, 'token_endpoint_auth_methods_supported') : undefined;
  const secretInBody = Array.isArray(methods) && !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
  return { authorization, token, secretInBody, ...(userinfo === undefined ? {} : { userinfo }) };
}

function authorizationUrl({ clientId, scopes }: LoginSettings, { authorization }: Metadata, signIn: SignIn): URL {
  const url = new URL(authorization);
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: signIn.redirectUri,
    scope: scopes.join(' '),
    state: signIn.state,
    nonce: signIn.nonce,
    code_challenge: signIn.challenge,
    code_challenge_method: 'S256',
  }))
    url.searchParams.set(name, value);
  return url;
}

async function askForTokens(settings: LoginSettings, at: Metadata, redemption: Redemption, agent: Agent): Promise<JsonObject> {
  const secret = await secretOf(settings.clientSecret);
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: redemption.code,
    redirect_uri: redemption.redirectUri,
    code_verifier: redemption.verifier,
    ...(at.secretInBody ? { client_id: settings.clientId, client_secret: secret } : {}),
  });
  // Both parts are form-encoded first (RFC 6749 section 2.3.1).
  const basic = Buffer.from(`${encoded(settings.clientId)}:${encoded(secret)}`).toString('base64');
  return ask(at.token, agent, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(at.secretInBody ? {} : { authorization: `Basic ${basic}` }) },
    body: form.toString(),
  });
}

/** The ID token is judged as strictly as one of a CI, and has to be of the sign-in that this browser began (`nonce`). */
async function identityOf(
  { clientId }: LoginSettings,
  tokens: JsonObject,
  nonce: string,
  verify: ReturnType<typeof createVerifier>['verify'],
): Promise<SignedIn | Failed> {
  const token = text(tokens, 'id_token');
  if (token === undefined) return { problem: 'the provider gave no ID token' };
  const verified = await verify(token, [clientId]);
  if (isRefusal(verified)) return { problem: `the ID token was not accepted: ${verified.message}` };
  const { set } = verified.claims;
  if (own(set, 'nonce') !== nonce) return { problem: 'the ID token is of another sign-in' };
  const party = own(set, 'azp');
  return party === undefined || party === clientId ? { claims: set } : { problem: 'the ID token is for another client' };
}

/**
 * Providers may say e-mail and groups there alone (OpenID Connect Core 1.0 section 5.4). It has to be of the same account,
 * and what the ID token says itself goes first; of an e-mail address whether it was verified is said where the address is.
 */
async function withUserInfo(
  { issuer }: LoginSettings,
  { userinfo }: Metadata,
  tokens: JsonObject,
  { claims }: SignedIn,
  agent: Agent,
): Promise<SignedIn | Failed> {
  const token = text(tokens, 'access_token');
  if (userinfo === undefined || token === undefined) return { claims };
  checkUrl(userinfo, issuer);
  const info = await ask(userinfo, agent, { method: 'GET', headers: { authorization: `Bearer ${token}` } });
  if (own(info, 'sub') !== own(claims, 'sub')) return { problem: 'the UserInfo endpoint answered about somebody else' };
  const { email: _email, email_verified: _verified, ...rest } = info;
  return { claims: { ...(own(claims, 'email') === undefined ? info : rest), ...claims } };
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Redirects are not followed: a secret goes where discovery said, and nowhere else. */
async function ask(url: URL, agent: Agent, { method, headers, body }: Asked): Promise<JsonObject> {
  const response = await request(url, {
    method,
    dispatcher: agent,
    signal: AbortSignal.timeout(patience),
    headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'countersign', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const answer = await readJson(url, response);
  if (!isJsonObject(answer)) throw new KeysUnavailable(`${url.origin} answered with no JSON object`);
  return answer;
}

function text(document: Json, name: string): string | undefined {
  const value = isJsonObject(document) ? own(document, name) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function encoded(part: string): string {
  return new URLSearchParams([['', part]]).toString().slice(1);
}

async function secretOf(source: SecretSource): Promise<string> {
  return source.kind === 'value' ? source.value.reveal() : (await readFile(source.path, 'utf8')).replace(/\r?\n$/, '');
}

function reasonOf(error: unknown): string {
  if (error instanceof KeysUnavailable) return error.message;
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return `no answer within ${patience / 1000} s`;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `it cannot be reached${code}`;
}

// Our own dialect: RFC 8693 token exchange and RFC 7009 revocation, form-encoded, for `countersign mint` and for curl.
import { dryRunOf } from '../core/dry-run.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { ExchangeEndpoint, ExchangeRequest, Head, Minted, RegistrySettings, Reply } from '../registries/registry.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const subjectTypes = ['urn:ietf:params:oauth:token-type:id_token', 'urn:ietf:params:oauth:token-type:jwt'];
const bodyLimit = 24 * 1024;

/** The endpoint at this path below the host's root or a registry's URL. `registries` are those that it may speak for. */
export function oauthEndpoint(head: Head, registries: readonly RegistrySettings[]): ExchangeEndpoint | undefined {
  if (head.path !== '/-/oidc/token' && head.path !== '/-/oidc/revoke') return undefined;
  if (head.method !== 'POST')
    return { kind: 'refused', refusal: refuse('request-method', { method: head.method, allow: 'POST' }), allow: 'POST' };
  if (head.path === '/-/oidc/revoke') return { kind: 'revoke', bodyLimit, read: (body) => readRevocation(head, body), done: json(200, {}) };
  const dryRun = dryRunOf(head.query);
  if (isRefusal(dryRun)) return { kind: 'refused', refusal: dryRun };
  return { kind: 'mint', dryRun, bodyLimit, read: (body) => readExchange(head, body, registries), minted };
}

/** A refusal as RFC 6749 5.2 has it, with the members of RFC 9457 beside. */
export function oauthRefusal(refusal: Refusal, requestId: string): Reply {
  const keep = [405, 408, 413, 415, 429, 500, 502, 503, 504].includes(refusal.status);
  const reply = json(keep ? refusal.status : 400, {
    error: refusal.oauth,
    error_description: `${refusal.message} (request ${requestId})`,
    code: refusal.code,
    title: refusal.title,
    instance: requestId,
  });
  return refusal.retryAfter === undefined ? reply : { ...reply, headers: { ...reply.headers, 'retry-after': String(refusal.retryAfter) } };
}

function minted(token: Minted): Reply {
  return json(200, {
    access_token: token.token,
    issued_token_type: accessToken,
    token_type: 'Bearer',
    expires_in: token.expires - token.created,
  });
}

function readExchange(head: Head, body: Uint8Array, registries: readonly RegistrySettings[]): ExchangeRequest | Refusal {
  const form = readForm(head, body);
  if (isRefusal(form)) return form;
  if (form.get('grant_type') !== grantType) return refuse('grant-type');
  const token = form.get('subject_token');
  if (!token) return refuse('token-missing', { how: 'Send it as `subject_token`.' });
  if (!subjectTypes.includes(form.get('subject_token_type') ?? ''))
    return refuse('request-invalid', { problem: `subject_token_type must be ${subjectTypes[0]}` });
  if (form.has('actor_token')) return refuse('request-invalid', { problem: 'actor_token has no meaning here' });
  const requested = form.get('requested_token_type');
  if (requested !== undefined && requested !== accessToken)
    return refuse('request-invalid', { problem: `requested_token_type can only be ${accessToken}` });
  const target = form.get('audience') ?? form.get('resource');
  const named =
    target === undefined ? registries : registries.filter((registry) => registry.name === target || registry.url.href === target);
  if (named.length === 0) return refuse('target-invalid', { what: target });
  const scope = form.get('scope');
  const narrowed = scope === undefined ? { registries: named.map((registry) => registry.name) } : readScope(scope, named);
  return isRefusal(narrowed) ? narrowed : { identityToken: token, ...narrowed };
}

/** `publish:<registry>` or `publish:<registry>:<package>`; one at a time, so that one exchange is one decision. */
function readScope(scope: string, registries: readonly RegistrySettings[]): Pick<ExchangeRequest, 'package' | 'registries'> | Refusal {
  const [, name, text] = /^publish:([A-Za-z0-9_.-]+)(?::(.+))?$/.exec(scope) ?? [];
  const registry = registries.find((candidate) => candidate.name === name);
  if (registry === undefined) return refuse('scope-invalid', { problem: `${scope} does not name a registry of this host` });
  if (text === undefined) return { registries: [registry.name] };
  const packageName = registry.protocol.packageName(text);
  if (packageName === undefined) return refuse('scope-invalid', { problem: `${text} is not a package name` });
  return { registries: [registry.name], package: packageName };
}

function readRevocation(head: Head, body: Uint8Array): { readonly token: string } | Refusal {
  const form = readForm(head, body);
  if (isRefusal(form)) return form;
  const token = form.get('token');
  return token ? { token } : refuse('request-invalid', { problem: '`token` is missing' });
}

/** Reads a form strictly: its media type, UTF-8, and each name once (RFC 6749 3.2: parameters must not repeat). */
function readForm(head: Head, body: Uint8Array): ReadonlyMap<string, string> | Refusal {
  const type = head.headers.get('content-type');
  if (!/^application\/x-www-form-urlencoded(; ?charset="?utf-8"?)?$/i.test(type ?? '')) {
    return refuse('body-type', { expected: 'application/x-www-form-urlencoded', actual: type });
  }
  if (head.headers.has('content-encoding')) return refuse('body-encoding', { actual: head.headers.get('content-encoding') });
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString('latin1'))) {
    if (form.has(name)) return refuse('request-invalid', { problem: `${name} is there twice` });
    if (value !== '') form.set(name, value);
  }
  return form;
}

function json(status: number, body: object): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify(body),
  };
}

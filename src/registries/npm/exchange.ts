// npm's exchange endpoint (npm api-documentation, OIDC): the package is in the path, the identity token is the bearer.
import { refuse, type Refusal } from '../../core/refusal.ts';
import type { ExchangeEndpoint, ExchangeRequest, Head, Minted, Reply } from '../registry.ts';
import { nameOf, spelledName } from './path.ts';
import { bearerOf } from './presented.ts';
import { json } from './reply.ts';

const prefix = '/-/npm/v1/oidc/token/exchange/package';
const endpoint = new RegExp(`^${prefix}/(${spelledName})$`);

/** The exchange endpoint at this path, below the host's root or the registry's URL. */
export function exchange(head: Head): ExchangeEndpoint | undefined {
  if (head.path !== prefix && !head.path.startsWith(`${prefix}/`)) return undefined;
  if (head.method !== 'POST')
    return { kind: 'refused', refusal: refuse('request-method', { method: head.method, allow: 'POST' }), allow: 'POST' };
  const name = nameOf(endpoint.exec(head.path)?.[1] ?? '');
  if (name === undefined) return { kind: 'refused', refusal: refuse('request-path', { problem: 'it does not end in a package name' }) };
  if (!['', 'dry_run=1'].includes(head.query))
    return { kind: 'refused', refusal: refuse('request-path', { problem: 'an exchange has no query but dry_run=1' }) };
  return {
    kind: 'mint',
    dryRun: head.query !== '',
    // Clients send no body; a little is read and ignored.
    bodyLimit: 1024,
    read: (): ExchangeRequest | Refusal => {
      const identityToken = bearerOf(head);
      if (identityToken === undefined) return refuse('token-missing', { how: missing });
      return isJwt(identityToken) ? { identityToken, package: name } : refuse('token-static');
    },
    minted,
  };
}

/** npm looks for the identity token under a key that it does not find when only a scope's registry has a path. */
const missing =
  'npm sends none when `@scope:registry` is a URL with a path; set `registry` itself, or give the registry a host name of its own.';

/** Three parts of base64url, of which the last may be empty: what is one further is for `oidc` to say. */
function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
}

function minted({ token, created, expires }: Minted): Reply {
  return json(201, { token_type: 'oidc', token, created: isoTime(created), expires: isoTime(expires) });
}

/** @param seconds Unix seconds */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

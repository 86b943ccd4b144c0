// Which issuer a token says it is from, and where that issuer's keys are.
import { readFile, stat } from 'node:fs/promises';
import type { UnverifiedClaims } from '../core/claims.ts';
import { isJsonObject, own } from '../core/json.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { IssuerSettings } from '../core/settings.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import { fetchDocument, KeysUnavailable, maxDocumentBytes, openAgent, type Visit } from './fetch-document.ts';
import { readKeySet, type KeySet } from './jwk.ts';

/**
 * The configured issuer whose URL is exactly the token's `iss`. Nothing is normalised: an `iss` that differs in a slash,
 * in case or by a port is another issuer (RFC 7519 section 4.1.1, JWT-44), and nothing is fetched for it (JWT-45).
 */
export function findIssuer(claims: UnverifiedClaims, issuers: ReadonlyMap<string, IssuerSettings>): IssuerSettings | Refusal {
  const iss = own(claims.unverified, 'iss');
  if (typeof iss !== 'string' || iss === '') return refuse('token-invalid', { problem: 'its `iss` is not a string' });
  const all = [...issuers.values()];
  const exact = all.find((issuer) => issuer.url === iss);
  if (exact !== undefined) return exact;
  const slash = all.some((issuer) => issuer.url === `${iss}/` || `${issuer.url}/` === iss);
  return refuse(slash ? 'issuer-slash' : 'issuer-unknown', { actual: iss });
}

/** Where keys come from. Times in milliseconds. */
export interface KeySource {
  /** How long keys are used without asking again. */
  readonly freshFor: number;
  /** Pause after every attempt. */
  readonly coolDown: number;
  /** Throws when the keys cannot be had. */
  readonly load: (visit: Visit) => Promise<KeySet>;
}

/** The issuer's file, its key address, or its discovery document, in this order of preference. */
export function keySource(settings: IssuerSettings): KeySource {
  if (settings.jwksFile !== undefined) return { freshFor: 1000, coolDown: 1000, load: fileLoader(settings.jwksFile) };
  return { freshFor: 600_000, coolDown: 30_000, load: (visit) => fetchKeys(settings, visit) };
}

async function fetchKeys(settings: IssuerSettings, visit: Visit): Promise<KeySet> {
  const agent = await openAgent(settings);
  try {
    const address = settings.jwksUri === undefined ? await discover() : parseUrl(settings.jwksUri);
    return usableKeys(readKeySet(await fetchDocument(address, agent, settings, visit)), address.href);
  } finally {
    await agent.destroy();
  }

  async function discover(): Promise<URL> {
    const base = parseUrl(settings.url);
    const at = parseUrl(`${settings.url.replace(/\/$/, '')}/.well-known/openid-configuration`);
    return jwksUri(await fetchDocument(at, agent, settings, visit), settings.url, base.origin);
  }
}

/**
 * Reads `issuer` and `jwks_uri` of a discovery document (OpenID Connect Discovery 1.0 section 4) and nothing else:
 * GitHub's has no `authorization_endpoint`. The issuer must be the configured one (JWK-03), the keys on its own origin
 * (JWK-02); others are configured as `jwks_uri`.
 */
function jwksUri(document: unknown, issuer: string, origin: string): URL {
  const member = (name: string): string => {
    const value = isJsonObject(document) ? own(document, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const named = member('issuer');
  if (named !== issuer) throw new KeysUnavailable(`the discovery document is for issuer ${JSON.stringify(named)}`);
  const url = parseUrl(member('jwks_uri'));
  if (url.origin !== origin)
    throw new KeysUnavailable(`the discovery document's jwks_uri ${url.href} is on another origin than the issuer`);
  return url;
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new KeysUnavailable(`${JSON.stringify(text)} is not a URL`);
  return url;
}

function fileLoader(path: string): KeySource['load'] {
  let read: { readonly version: string; readonly keys: KeySet } | undefined;
  return async () => {
    const { mtimeMs, size, ino } = await stat(path);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (read?.version === version) return read.keys;
    if (size > maxDocumentBytes) throw new KeysUnavailable(`${path} is longer than ${maxDocumentBytes} bytes`);
    const parsed = parseStrictJson(await readFile(path, 'utf8'), { maxDepth: 16, maxKeys: 20_000 });
    if (!parsed.ok) throw new KeysUnavailable(`${path} is not strict JSON: ${parsed.problem}`);
    const keys = usableKeys(readKeySet(parsed.value), path);
    read = { version, keys };
    return keys;
  };
}

/** An empty set is never kept: the keys that were there before are better than none (JWK-06). */
function usableKeys(set: KeySet | undefined, from: string): KeySet {
  if (set === undefined) throw new KeysUnavailable(`${from} is not a JWK set with keys`);
  if (set.keys.size > 0) return set;
  throw new KeysUnavailable(`${from} has no key that can be used: ${[...set.refused.values()].slice(0, 3).join('; ')}`);
}

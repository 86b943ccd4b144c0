// What of an upstream's answer goes on to the client of a passed-through request: an allow-list, or nothing at all.
import type { RegistrySettings } from '../registries/registry.ts';

/** An answer's head as it was received; the types of node:http's own. */
export interface ReceivedHead {
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
  readonly rawHeaders: readonly string[];
}

export interface ClientHead {
  readonly status: number;
  /** Printable ASCII; undefined: the standard phrase of the status. */
  readonly reason?: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** Headers that leave (RSP-03): everything else says something of the upstream's insides, or is meant for the hop to us. */
const allowed = new Set([
  'accept-ranges',
  'age',
  'allow',
  'cache-control',
  'deprecation',
  'digest',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'npm-notice',
  'pragma',
  'referrer-policy',
  'repr-digest',
  'retry-after',
  'sunset',
  'vary',
  'warning',
  'www-authenticate',
  'x-content-type-options',
  'x-frame-options',
  'x-pypi-last-serial',
]);
/** `Content-Location` is not among them: it says where the upstream is, and no client asks. */
const allowedFamilies = /^(?:content-(?!location$)|x-checksum-|x-ratelimit-)/;

/** Two of these and the client and we may read different ones. */
const once = new Set(['content-type', 'content-length', 'content-encoding', 'content-range', 'content-disposition', 'location', 'etag']);

/**
 * The head for the client, or undefined when the answer cannot be passed on: a status outside 200 to 599, a transfer coding
 * other than chunked, doubled headers, a redirect that would send a credential elsewhere (RSP-01, RSP-07 to RSP-09).
 * @param request the method and whether the client's own credential went along
 */
export function headForClient(
  upstream: ReceivedHead,
  registry: Pick<RegistrySettings, 'url' | 'upstream' | 'protocol'>,
  request: { readonly method: string; readonly credentialed: boolean },
): ClientHead | undefined {
  const status = upstream.statusCode ?? 0;
  if (status < 200 || status > 599) return undefined;
  const headers = collect(upstream.rawHeaders);
  if (headers === undefined) return undefined;
  // With a challenge npm hides our reason and the upstream's (SEC-10); for reads it is how clients learn to log in.
  if (request.method !== 'GET' && request.method !== 'HEAD' && registry.protocol.id === 'npm') delete headers['www-authenticate'];
  const location = headers['location'];
  if (typeof location === 'string') {
    const rewritten = publicLocation(location, registry, request.credentialed);
    if (rewritten === undefined) return undefined;
    headers['location'] = rewritten;
  }
  const links = [headers['link'] ?? []].flat().flatMap((link) => publicLinks(link, registry) ?? []);
  delete headers['link'];
  if (links.length > 0) headers['link'] = links;
  // RFC 9110 8.6: none on a 204. Whoever believed it would wait for a body, or take the next answer for one.
  if (status === 204) delete headers['content-length'];
  const reason = upstream.statusMessage ?? '';
  return { status, headers, ...(/^[\x20-\x7e]{1,200}$/.test(reason) ? { reason } : {}) };
}

function collect(raw: readonly string[]): Record<string, string | string[]> | undefined {
  const headers: Record<string, string | string[]> = {};
  let codings = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    // Node takes `chunked` off the body, once, and leaves other codings on it: without this header nobody could tell.
    if (name === 'transfer-encoding' && (value.trim().toLowerCase() !== 'chunked' || ++codings > 1)) return undefined;
    if (!allowed.has(name) && !allowedFamilies.test(name)) continue;
    const before = headers[name];
    if (before !== undefined && once.has(name)) return undefined;
    if (!/^[\t\x20-\x7e]*$/.test(value)) continue;
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

/**
 * A redirect as the client has to see it. The upstream's own origin, and the public one (which it was told as Host), lead
 * to the registry's public URL; another origin stays only when the client sent no credential that could follow it there.
 */
export function publicLocation(
  location: string,
  { url, upstream }: Pick<RegistrySettings, 'url' | 'upstream'>,
  credentialed: boolean,
): string | undefined {
  // Readers of URLs drop a tab wherever it stands and take `\` for `/`: `h<tab>ttp://evil.example` is no relative reference.
  if (/[\t\\]/.test(location)) return undefined;
  const at = URL.parse(location, upstream.href);
  if (at === null || !/^https?:$/.test(at.protocol) || at.username !== '' || at.password !== '') return undefined;
  const relative = !/^(?:[a-z][a-z0-9+.-]*:|[/\\])/i.test(location);
  // Relative to the request: as right below the public URL as it was below the upstream's.
  if (relative) return location;
  if (at.origin !== upstream.origin && at.host !== url.host) return credentialed ? undefined : at.href;
  const below = at.pathname.startsWith(upstream.pathname) ? at.pathname.slice(upstream.pathname.length) : undefined;
  const isPublic = at.origin !== upstream.origin && at.pathname.startsWith(url.pathname);
  const path = isPublic || below === undefined ? at.pathname : `${url.pathname}${below}`;
  return `${url.origin}${path}${at.search}${at.hash}`;
}

/** The `Link` header (RFC 8288) with each target as a redirect would have it; undefined when one cannot be shown. */
function publicLinks(link: string, registry: Pick<RegistrySettings, 'url' | 'upstream'>): string | undefined {
  let whole = true;
  const rewritten = link.replaceAll(/<([^<>]*)>/g, (_, target: string) => {
    const at = publicLocation(target.trim(), registry, false);
    whole &&= at !== undefined;
    return `<${at ?? ''}>`;
  });
  return whole ? rewritten : undefined;
}

// The headers of a passed-through request: the client's own, without those that speak to a proxy or claim to come from one.
import { showsToken } from '../core/upload-token.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import { isHost } from './headers.ts';

/** Hop-by-hop (RFC 9110 7.6.1) and framing: ours are written anew. */
const hopByHop = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
];

/** What upstreams believe when a proxy says it: who the user is, where the request came from, which URL and method it "really" has. */
const claimsOfProxies = [
  'forwarded',
  'via',
  'proxy',
  'client-ip',
  'true-client-ip',
  'fly-client-ip',
  'incap-client-ip',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-nginx-proxy',
  'x-method-override',
  'x-outside-url',
  'x-host',
  'x-scheme',
  'x-url',
  'x-url-scheme',
  'x-url-path',
  'x-request-uri',
  'x-override-url',
  'base-url',
  'x-base-url',
  'x-script-name',
  'x-user',
  'x-username',
  'x-email',
  'x-groups',
  'x-roles',
  'auth-user',
  'gap-auth',
  'teleport-jwt-assertion',
  'x-authenticated-user',
  'x-anonymous-consumer',
  'x-credential-identifier',
  'x-token-subject',
  'front-end-https',
  'max-forwards',
  // A trace that anybody may write himself into; ours goes on in its place, where there is one.
  'traceparent',
  'tracestate',
  'baggage',
  'cdn-loop',
  'early-data',
  'surrogate-capability',
];
/** What WebDAV and object stores read a second target, or a condition, from (OTH-07). */
const otherTargets = ['destination', 'overwrite', 'depth', 'lock-token', 'x-copy-from'];
const dropped = new Set([...hopByHop, ...claimsOfProxies, ...otherTargets]);
/** By who sets them: forwarding, rewriting, single sign-on, clouds and CDNs, TLS in front. `x-auth-token` is a client's own. */
const droppedFamilies = new RegExp(
  `^(?:${[
    'proxy-|x-proxy-|x-forwarded|x-original-|x-rewrite-|x-http-|x-accel-|x-sendfile|x-middleware-',
    'x-devpi-|remote-|x-remote-|x-user-|x-sso-|x-auth-(?:request|user|email|groups|roles)|x-webauth-|x-vouch-|x-authentik-|x-pomerium-|x-consumer-|tailscale-',
    'x-envoy-|x-istio-|x-amzn-|x-goog-(?:authenticated|iap)-|x-ms-(?:client|token)-|x-appengine-|x-azure-|x-akamai-|akamai-|fastly-|cf-',
    'client-cert|x-client-(?:cert|dn|verify)|ssl-client-|x-ssl-|x-tls-|x-arr-',
  ].join('|')})`,
);

/** A client that nominates these in `Connection` would change what the message is (HDR-03): its wish is ignored. */
const neverNominated = new Set(['content-type', 'content-encoding']);

export interface Onward {
  /** 'own': the client's Authorization stays. 'none': the request goes on anonymously. */
  readonly credential: 'own' | 'none';
  /** The client's address, where it is known. */
  readonly address?: string;
  /** Of a trace of ours (W3C Trace Context). */
  readonly traceparent?: string;
}

/**
 * The complete set of headers for the upstream (HDR-02 to HDR-09, SMG-24, SMG-26). Framing is written anew, `host` is the
 * public one, so that upstreams which build links from it build links to us.
 * @param received as `readHead` gave them
 */
export function allowedForUpstream(
  received: ReadonlyMap<string, string>,
  registry: Pick<RegistrySettings, 'url'>,
  { credential, address, traceparent }: Onward,
): Record<string, string> {
  const headers: Record<string, string> = { host: publicHost(registry.url) };
  const nominated = new Set(
    (received.get('connection') ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  for (const [name, value] of received) {
    if (dropped.has(name) || droppedFamilies.test(name) || (nominated.has(name) && !neverNominated.has(name))) continue;
    if (credential === 'none' && (name === 'authorization' || name === 'cookie' || name === 'npm-otp')) continue;
    // Nothing after the colon is a line that some parsers take the next one into. An upload token that somebody put elsewhere
    // than into Authorization is nothing for the upstream (TOK-24).
    if (/^[\t\x20-\x7e]+$/.test(value) && !showsToken(value)) headers[name] = value;
  }
  headers['x-forwarded-proto'] = registry.url.protocol === 'https:' ? 'https' : 'http';
  if (address !== undefined && /^[0-9a-fA-F.:]{2,45}$/.test(address)) headers['x-forwarded-for'] = address;
  if (traceparent !== undefined) headers['traceparent'] = traceparent;
  const length = received.get('content-length');
  if (received.has('transfer-encoding')) headers['transfer-encoding'] = 'chunked';
  else if (length !== undefined) headers['content-length'] = String(Number(length));
  return headers;
}

/** The registry's public host, which upstreams get as Host. Throws on one that upstreams choke on. */
export function publicHost(url: URL): string {
  if (!isHost(url.host)) throw new Error(`the public host ${url.host} is not one that upstreams accept`);
  return url.host;
}

// `issuers:` compiled: each name to an issuer and its provider.
import type { Issuer } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, quote } from '../did-you-mean.ts';
import { providers, type Provider } from '../../providers/index.ts';
import { issuerSchema, type IssuerInput } from '../schema/issuer.ts';
import { hostKind } from './address.ts';
import { audiences } from './audiences.ts';
import { pem, usableFile, type Context } from './context.ts';
import { duration } from './units.ts';
import { issuerUrl } from './url.ts';

/** JWS algorithms with a public key (RFC 7518, RFC 8037). `none` and HMAC cannot be configured. */
const signatures = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** Compiles all issuers; those with errors are left out. `registryHosts` are the hosts that audiences may name. */
export function compileIssuers(section: Cursor, context: Context, registryHosts: ReadonlySet<string>): Map<string, Issuer> {
  const compiled = new Map<string, Issuer>();
  const byUrl = new Map<string, string>();
  for (const [name, cursor] of section.entries) {
    const input = cursor.parse(issuerSchema);
    const issuer = input === undefined ? undefined : compileIssuer(name, cursor, input, context, registryHosts);
    if (issuer === undefined) continue;
    const same = byUrl.get(issuer.url);
    if (same !== undefined) {
      // With two names for one issuer, the publishers of one would silently never match.
      (cursor.at('issuer').exists ? cursor.at('issuer') : cursor).error(
        `issuers ${quote(same)} and ${quote(name)} have the same URL`,
        undefined,
        'reference',
      );
    }
    byUrl.set(issuer.url, name);
    compiled.set(name, issuer);
  }
  return compiled;
}

/** The provider that an issuer's entry asks for, whatever else is wrong with the entry. */
export function providerOf(name: string, cursor: Cursor): Provider | undefined {
  const stated = cursor.at('provider');
  const id = stated.exists ? stated.value : name;
  return providers.find((provider) => provider.id === id);
}

function compileIssuer(
  name: string,
  cursor: Cursor,
  input: IssuerInput,
  context: Context,
  registryHosts: ReadonlySet<string>,
): Issuer | undefined {
  const provider = providerOf(name, cursor);
  if (provider === undefined) {
    const ids = providers.map(({ id }) => id);
    return cursor.errorAtKey(`issuer ${quote(name)} needs a provider${didYouMean(name, ids)}`, `provider: ${ids.join(', ')}`);
  }
  const insecure = input.insecure ?? false;
  const url = input.issuer === undefined ? provider.issuers[0] : issuerUrl(cursor.at('issuer'), insecure);
  if (url === undefined)
    return input.issuer === undefined
      ? cursor.errorAtKey(`missing key "issuer": there is no one issuer for ${provider.title}`, provider.issuerForm)
      : undefined;
  if (insecure) checkInsecure(cursor, provider, url, context);
  // A hosted service's own address is the audience that it puts into tokens for everybody.
  const own = provider.issuers.includes(url) ? [] : [new URL(url).host, new URL(url).hostname];
  const hosts = new Set([...registryHosts, ...own]);
  if (provider.audience === 'fixed' && input.audiences === undefined)
    cursor.warn('audience-missing', `every token of ${provider.title} has an audience of its own: without audiences: none is accepted`);
  const maxAge = input.max_age === undefined ? undefined : duration(cursor.at('max_age'), '1m', '24h');
  return {
    name,
    provider,
    url,
    algorithms: algorithms(cursor.at('algorithms')) ?? provider.algorithms,
    maxAge: maxAge ?? provider.maxAge,
    jti: provider.jti,
    audiences: audiences(cursor.at('audiences'), hosts, provider.fixedAudience),
    maxExchanges: input.max_exchanges ?? (provider.fresh ? 1 : 5),
    privateNetwork: input.private_network ?? false,
    insecure,
    ...keySource(cursor, insecure, context, provider.issuers.includes(url) ? provider.jwksUri : undefined),
  };
}

function checkInsecure(cursor: Cursor, provider: Provider, url: string, { production }: Context): void {
  const at = cursor.at('insecure');
  if (provider.issuers.includes(url)) return at.error(`${provider.title}'s hosted service needs no insecure: true`);
  if (hostKind(new URL(url).hostname) === 'loopback') return;
  const hint = 'use https with a name, and ca_file: for a private authority';
  if (production) at.error('insecure is for loopback only where NODE_ENV is production', hint);
  else at.warn('issuer-insecure', 'insecure: whoever can answer for this address can publish', hint);
}

function algorithms(list: Cursor): readonly string[] | undefined {
  if (!list.exists) return undefined;
  for (const item of list.items) {
    if (typeof item.value === 'string' && !signatures.includes(item.value)) {
      item.error(
        `${quote(item.value)} is no signature algorithm with a public key${didYouMean(item.value, signatures)}`,
        signatures.join(', '),
      );
    }
  }
  return list.items.map((item) => String(item.value));
}

function keySource(
  cursor: Cursor,
  insecure: boolean,
  context: Context,
  hosted: string | undefined,
): Pick<Issuer, 'jwksUri' | 'jwksFile' | 'caFile'> {
  const uri = cursor.at('jwks_uri');
  const file = cursor.at('jwks_file');
  if (uri.exists && file.exists) file.errorAtKey('jwks_file and jwks_uri exclude each other');
  const jwksUri = uri.exists ? issuerUrl(uri, insecure) : file.exists ? undefined : hosted;
  const jwksFile = usableFile(file, context, jwksProblem);
  const caFile = usableFile(cursor.at('ca_file'), context, pem('CERTIFICATE'));
  return {
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(jwksFile === undefined ? {} : { jwksFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

function jwksProblem(bytes: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const keys = typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
    return Array.isArray(keys) && keys.length > 0 ? undefined : 'holds no keys (RFC 7517: { "keys": [ … ] })';
  } catch {
    return 'is not JSON';
  }
}

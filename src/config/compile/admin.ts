// `server.admin:` compiled: where the admin side is, and who is let in.
import { toPattern, type Pattern } from '../../core/pattern.ts';
import type { LoginSettings } from '../../core/settings.ts';
import type { AdminSettings, ServerSettings } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { adminSchema, type AdminInput, type LoginInput } from '../schema/admin.ts';
import { hostKind, hostPort } from './address.ts';
import { pem, usableFile, type Context } from './context.ts';
import { requiredSecretUnder, secretUnder } from './secrets.ts';
import { duration } from './units.ts';
import { baseUrl, issuerUrl } from './url.ts';

/** Characters of the admin token: one that can be guessed is none. */
const shortestToken = 16;
/** Signatures of OIDC providers (OpenID Connect Core 15.1 asks for RS256). */
const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'RS384', 'RS512', 'PS384', 'PS512', 'ES512', 'EdDSA'];
const day = 86_400;

export const defaultAdmin = { host: '127.0.0.1', port: 9090, loopback: true, session: day / 2 } as const satisfies AdminSettings;

/** `host:port`, or a map with it and who is let in. */
export function compileAdmin(cursor: Cursor, context: Context): AdminSettings {
  const isMap = typeof cursor.value === 'object' && cursor.value !== null;
  const input = isMap ? cursor.parse(adminSchema) : undefined;
  if (isMap && input === undefined) return defaultAdmin;
  const listen = isMap ? cursor.at('listen') : cursor;
  const place = (listen.exists ? hostPort(listen, '127.0.0.1:9090') : undefined) ?? defaultAdmin;
  const settings = { host: place.host, port: place.port, loopback: hostKind(place.host) === 'loopback', session: defaultAdmin.session };
  return input === undefined ? settings : { ...settings, ...compileAccess(cursor, input, context) };
}

function compileAccess(cursor: Cursor, input: AdminInput, context: Context): Partial<AdminSettings> {
  const token = secretUnder(cursor, 'token', context);
  if (token?.kind === 'value' && token.value.reveal().length < shortestToken)
    cursor.at('token').error(`the token is shorter than ${shortestToken} characters`, 'make one: openssl rand -hex 32');
  const url = origin(cursor.at('url'));
  const trustedHeader = headerName(cursor.at('trusted_header'));
  const session = input.session === undefined ? undefined : duration(cursor.at('session'), '5m', '7d');
  const login = input.login === undefined ? undefined : compileLogin(cursor.at('login'), input.login, context);
  if (input.login !== undefined && !cursor.at('url').exists)
    cursor
      .at('login')
      .errorAtKey('login needs url: where the provider sends the browser back to', 'url: https://countersign.acme.example/');
  return {
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    ...(trustedHeader === undefined ? {} : { trustedHeader }),
    ...(login === undefined ? {} : { login }),
    ...(session === undefined ? {} : { session }),
  };
}

/** The dashboard is at the root of its host, and its cookies are for the whole of it. */
function origin(cursor: Cursor): URL | undefined {
  const url = baseUrl(cursor);
  return url === undefined || url.pathname === '/' ? url : cursor.error('the dashboard has a host of its own: the URL has no path');
}

/** Whoever may set one of these for other reasons would be an administrator. */
const notNames = [
  'authorization',
  'cookie',
  'host',
  'origin',
  'referer',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
];

function headerName(cursor: Cursor): string | undefined {
  if (typeof cursor.value !== 'string') return undefined;
  const name = cursor.value.toLowerCase();
  if (!/^[a-z0-9-]{1,64}$/.test(name))
    return cursor.error('the name of a header is letters, digits and "-"', 'for example X-Forwarded-User');
  return notNames.includes(name) ? cursor.error(`${cursor.value} does not say who somebody is`, 'for example X-Forwarded-User') : name;
}

function compileLogin(cursor: Cursor, input: LoginInput, context: Context): LoginSettings | undefined {
  const insecure = input.insecure ?? false;
  const url = issuerUrl(cursor.at('issuer'), insecure);
  const clientSecret = requiredSecretUnder(cursor, 'client_secret', context);
  if (insecure && context.production && url !== undefined && hostKind(new URL(url).hostname) !== 'loopback')
    cursor
      .at('insecure')
      .error('insecure is for loopback only where NODE_ENV is production', 'use https with a name, and ca_file: for a private authority');
  const jwksUri = cursor.at('jwks_uri').exists ? issuerUrl(cursor.at('jwks_uri'), insecure) : undefined;
  const caFile = usableFile(cursor.at('ca_file'), context, pem('CERTIFICATE'));
  const emails = cursor.at('emails').items.flatMap(address);
  // Otherwise everybody with an account there would be an administrator, strangers at a public provider too.
  if (input.emails === undefined && input.groups === undefined)
    return cursor.errorAtKey("login needs emails or groups: who of the provider's accounts may look", 'emails: ["*@acme.example"]');
  if (url === undefined || clientSecret === undefined) return undefined;
  return {
    issuer: {
      name: 'login',
      url,
      algorithms,
      maxAge: day,
      jti: false,
      audiences: [],
      privateNetwork: input.private_network ?? false,
      insecure,
      ...(jwksUri === undefined ? {} : { jwksUri }),
      ...(caFile === undefined ? {} : { caFile }),
    },
    clientId: input.client_id,
    clientSecret,
    scopes: [...new Set(['openid', ...(input.scopes ?? ['email'])])],
    emails,
    groups: input.groups ?? [],
    groupsClaim: input.groups_claim ?? 'groups',
  };
}

/** An address, or `*` before the `@` for everybody of a domain: a pattern in the domain would let in who registers a name like it. */
function address(cursor: Cursor): readonly Pattern[] {
  const text = String(cursor.value).toLowerCase();
  const pattern = /^(?:\*|[^\s@*]+)@[a-z0-9.-]+$/.test(text) ? toPattern(text) : undefined;
  if (pattern === undefined) cursor.error('write an e-mail address, or *@ and a domain', 'for example ada@acme.example or *@acme.example');
  return pattern === undefined ? [] : [pattern];
}

const doors = ['token', 'token_file', 'trusted_header', 'login'];

/** Who is let in on the admin listener reads every refusal in full. */
export function checkAdmin(cursor: Cursor, listen: ServerSettings['listen'], admin: AdminSettings): void {
  const section = cursor.at('admin');
  const at = typeof section.value === 'string' ? section : section.at('listen');
  if (section.at('trusted_header').exists && cursor.at('trusted_proxies').items.length === 0)
    section
      .at('trusted_header')
      .error('trusted_header is believed from trusted_proxies alone, and there are none', 'trusted_proxies: [10.0.0.7/32]');
  if (listen.port === admin.port && admin.port !== 0 && overlapping(listen.host, admin.host)) {
    (at.exists ? at : cursor.at('listen')).error('admin and listen are the same address', 'give admin a port of its own');
  } else if (at.exists && !admin.loopback && !doors.some((key) => section.at(key).exists)) {
    at.warn(
      'admin-exposed',
      'other machines reach the admin listener, and it has no token: nothing but health answers there',
      `write admin: { listen: "${String(at.value)}", token_file: … }, or use 127.0.0.1`,
    );
  }
}

function overlapping(a: string, b: string): boolean {
  const all = ['0.0.0.0', '::'];
  return a === b || all.includes(a) || all.includes(b);
}

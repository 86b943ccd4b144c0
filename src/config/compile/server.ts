// `server:` compiled.
import type { AdminSettings, LimitSettings, ServerSettings } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { adminSchema, serverSchema, type ServerInput } from '../schema/server.ts';
import { cidr, hostKind, hostPort } from './address.ts';
import { pem, usableFile, type Context } from './context.ts';
import { secretUnder } from './secrets.ts';
import { duration } from './units.ts';

/** Characters of the admin token: one that can be guessed is none. */
const shortestToken = 16;

const defaults = {
  listen: { host: '0.0.0.0', port: 8080 },
  admin: { host: '127.0.0.1', port: 9090, loopback: true },
  trustedProxies: [],
  workers: 1,
  shutdownGrace: 30,
  limits: { refusedExchanges: 30, packagesPerMinute: 10, exchangesPerPackage: 60, connections: 4096, requests: 1024 },
} as const satisfies ServerSettings;

/** The server's settings; defaults stand in for whatever was reported. */
export function compileServer(cursor: Cursor, context: Context): ServerSettings {
  if (!cursor.exists) return defaults;
  const input = cursor.parse(serverSchema);
  if (input === undefined) return defaults;
  const listen = (input.listen === undefined ? undefined : hostPort(cursor.at('listen'), '0.0.0.0:8080')) ?? defaults.listen;
  const admin = compileAdmin(cursor.at('admin'), context);
  const grace = input.shutdown_grace === undefined ? undefined : duration(cursor.at('shutdown_grace'), '0s', '10m');
  checkAdmin(cursor, listen, admin);
  const ranges = cursor
    .at('trusted_proxies')
    .items.map((item) => cidr(item))
    .filter((range) => range !== undefined);
  const tls = input.tls === undefined ? undefined : compileTls(cursor.at('tls'), context);
  return {
    listen,
    admin,
    trustedProxies: ranges,
    ...(tls === undefined ? {} : { tls }),
    workers: input.workers ?? defaults.workers,
    shutdownGrace: grace ?? defaults.shutdownGrace,
    limits: compileLimits(input.limits),
  };
}

function compileLimits(input: ServerInput['limits'] = {}): LimitSettings {
  return {
    refusedExchanges: input.refused_exchanges ?? defaults.limits.refusedExchanges,
    packagesPerMinute: input.packages_per_minute ?? defaults.limits.packagesPerMinute,
    exchangesPerPackage: input.exchanges_per_package ?? defaults.limits.exchangesPerPackage,
    connections: input.connections ?? defaults.limits.connections,
    requests: input.requests ?? defaults.limits.requests,
  };
}

/** `host:port`, or a map with it and a token. */
function compileAdmin(cursor: Cursor, context: Context): AdminSettings {
  const isMap = typeof cursor.value === 'object' && cursor.value !== null;
  if (isMap && cursor.parse(adminSchema) === undefined) return defaults.admin;
  const listen = isMap ? cursor.at('listen') : cursor;
  const place = (listen.exists ? hostPort(listen, '127.0.0.1:9090') : undefined) ?? defaults.admin;
  const token = isMap ? secretUnder(cursor, 'token', context) : undefined;
  if (token?.kind === 'value' && token.value.reveal().length < shortestToken)
    cursor.at('token').error(`the token is shorter than ${shortestToken} characters`, 'make one: openssl rand -hex 32');
  return { host: place.host, port: place.port, loopback: hostKind(place.host) === 'loopback', ...(token === undefined ? {} : { token }) };
}

/** Who is let in on the admin listener reads every refusal in full. */
function checkAdmin(cursor: Cursor, listen: ServerSettings['listen'], admin: AdminSettings): void {
  const at = typeof cursor.at('admin').value === 'string' ? cursor.at('admin') : cursor.at('admin').at('listen');
  if (listen.port === admin.port && admin.port !== 0 && overlapping(listen.host, admin.host)) {
    (at.exists ? at : cursor.at('listen')).error('admin and listen are the same address', 'give admin a port of its own');
  } else if (at.exists && !admin.loopback && !['token', 'token_file'].some((key) => cursor.at('admin').at(key).exists)) {
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

function compileTls(cursor: Cursor, context: Context): ServerSettings['tls'] {
  const certFile = usableFile(cursor.at('cert_file'), context, pem('CERTIFICATE'));
  const keyFile = usableFile(cursor.at('key_file'), context, pem('PRIVATE KEY'));
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

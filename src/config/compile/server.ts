// `server:` compiled.
import type { LimitSettings, ServerSettings } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { serverSchema, type ServerInput } from '../schema/server.ts';
import { cidr, hostPort } from './address.ts';
import { checkAdmin, compileAdmin, defaultAdmin } from './admin.ts';
import { pem, usableFile, type Context } from './context.ts';
import { duration } from './units.ts';

const defaults = {
  listen: { host: '0.0.0.0', port: 8080 },
  admin: defaultAdmin,
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

function compileTls(cursor: Cursor, context: Context): ServerSettings['tls'] {
  const certFile = usableFile(cursor.at('cert_file'), context, pem('CERTIFICATE'));
  const keyFile = usableFile(cursor.at('key_file'), context, pem('PRIVATE KEY'));
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

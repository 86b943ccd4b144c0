// `server:`, how Countersign itself listens and runs.
import { z, type ZodType } from 'zod';
import { measured, text, textList, wholeNumber } from './scalar.ts';

const tls = z.strictObject({
  cert_file: text('PEM file of the certificate and its chain.'),
  key_file: text('PEM file of the private key.'),
});

const limits = z.strictObject({
  refused_exchanges: wholeNumber(
    1,
    100_000,
    'Refused exchanges a minute from one IPv4 address or IPv6 /64; then 429 without a look at the token. Successful ones do not count. Default 30.',
  ).optional(),
  packages_per_minute: wholeNumber(
    1,
    10_000,
    'Different packages that one publisher may reach within a minute, by exchange or by upload. Default 10, or as many as the publisher names one by one, whichever is more.',
  ).optional(),
  exchanges_per_package: wholeNumber(1, 100_000, 'Exchanges a minute of one publisher for one package. Default 60.').optional(),
  connections: wholeNumber(
    10,
    100_000,
    'Connections of clients; for one more the connection that has been without a request longest is closed. Default 4096.',
  ).optional(),
  requests: wholeNumber(10, 100_000, 'Requests under way; one more gets 503 with `Retry-After`. Default 1024.').optional(),
});

/** The section with `admin` of this form. */
export function server<Admin extends ZodType>(admin: Admin) {
  return z.strictObject({
    listen: text('Address and port for clients, `host:port`. Default `0.0.0.0:8080`.').optional(),
    admin: admin
      .describe(
        'Address and port of health, metrics, API and dashboard, never the same as `listen`; or a map with a token. Default `127.0.0.1:9090`.',
      )
      .optional(),
    trusted_proxies: textList(
      'CIDR ranges of the proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default none.',
    ).optional(),
    tls: tls.describe('Answer HTTPS on `listen`. uv and gh-action-pypi-publish insist on HTTPS, here or at a proxy in front.').optional(),
    workers: wholeNumber(1, 64, 'Processes, 1 to 64; more than one needs Redis. Default 1.').optional(),
    shutdown_grace: measured('How long a SIGTERM waits for requests under way, up to `10m`. Default `30s`.').optional(),
    limits: limits.describe('What one process lets through. Each process and each replica counts for itself.').optional(),
  });
}

/** The section as first read; `admin` is checked by itself. */
export const serverSchema = server(z.unknown());

export type ServerInput = z.infer<typeof serverSchema>;

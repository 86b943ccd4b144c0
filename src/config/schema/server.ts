// `server:`, how Countersign itself listens and runs.
import { z } from 'zod';
import { measured, text, textList, wholeNumber } from './scalar.ts';

const tls = z.strictObject({
  cert_file: text('PEM file of the certificate and its chain.'),
  key_file: text('PEM file of the private key.'),
});

export const serverSchema = z.strictObject({
  listen: text('Address and port for clients, `host:port`. Default `0.0.0.0:8080`.').optional(),
  admin: text('Address and port of the health endpoints; never the same as `listen`. Default `127.0.0.1:9090`.').optional(),
  trusted_proxies: textList(
    'CIDR ranges of the proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default none.',
  ).optional(),
  tls: tls.describe('Answer HTTPS on `listen`. uv and gh-action-pypi-publish insist on HTTPS, here or at a proxy in front.').optional(),
  workers: wholeNumber(1, 64, 'Processes, 1 to 64; more than one needs Redis. Default 1.').optional(),
  shutdown_grace: measured('How long a SIGTERM waits for requests under way, up to `10m`. Default `30s`.').optional(),
});

export type ServerInput = z.infer<typeof serverSchema>;

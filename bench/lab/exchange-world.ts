// Everything that an exchange needs: Redis, tokens, the ceiling, and Countersign with a policy of so many publishers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startRedis, type RedisServer } from '../../test/support/redis.ts';
import { tempDir } from '../../test/support/temp.ts';
import { issuerUrl, openForge, publishersFor, type Forge } from './tokens.ts';
import { startPeer, type Started } from './start.ts';
import { startSubject, type Build, type Subject } from './subject.ts';

export const audience = 'packages.bench.example';
/** As Redis and files have them. */
const perFile = 1000;

export interface ExchangeWorld {
  readonly redis: RedisServer;
  readonly forge: Forge;
  readonly folder: string;
  readonly startCeiling: () => Promise<Started>;
  readonly startExchange: (build: Build, options: ExchangeOptions) => Promise<Subject>;
  /** Takes everything out of Redis but the epochs, so that the same tokens can be exchanged again. */
  readonly forget: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface ExchangeOptions {
  readonly publishers: number;
  readonly packages: number;
  readonly prefix?: string;
  readonly workers?: number;
  readonly node?: readonly string[];
  readonly on?: readonly number[];
}

export async function openExchangeWorld(): Promise<ExchangeWorld> {
  const redis = await startRedis();
  const folder = tempDir('exchange');
  const forge = openForge();
  const keyFile = join(folder, 'key.pem');
  writeFileSync(keyFile, forge.publicKey.export({ type: 'spki', format: 'pem' }));
  return {
    redis,
    forge,
    folder,
    startCeiling: () => startPeer('ceiling', [redis.url, keyFile]),
    startExchange: (build, { publishers, packages, workers = 1, ...rest }) =>
      startSubject({
        build,
        ...rest,
        files: { 'jwks.json': forge.jwks, ...includes(publishers, packages) },
        env: { BENCH_PASSWORD: 'of-the-bench' },
        policy: () => ({
          server: { workers },
          store: redis.url,
          issuers: { github: { issuer: issuerUrl, jwks_file: 'jwks.json', max_age: '60m' } },
          registries: {
            pypi: {
              protocol: 'pypi',
              url: `http://${audience}/`,
              upstream: 'http://127.0.0.1:9/',
              credential: { basic: { username: 'svc', password: '${BENCH_PASSWORD}' } },
            },
          },
          include: ['publishers-*.yaml'],
        }),
      }),
    forget: async () => {
      const script =
        "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do if not string.find(k, 'epoch', 1, true) and not string.find(k, ':fill', 1, true) then redis.call('UNLINK', k) n = n + 1 end end return n";
      await redis.cli('eval', script, '0');
    },
    close: async () => redis.close(),
  };
}

function includes(publishers: number, packages: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let from = 0; from < publishers; from += perFile) {
    const some = publishersFor(Math.min(perFile, publishers - from), packages, from);
    files[`publishers-${String(from / perFile).padStart(3, '0')}.yaml`] = stringify({ publishers: some }, { aliasDuplicateObjects: false });
  }
  return files;
}

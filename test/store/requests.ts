// Mint requests and store settings for the tests of the store, as the exchange and the configuration would make them.
import { createHash, randomBytes } from 'node:crypto';
import type { TokenRecord } from '../../src/core/grant.ts';
import type { PackagePattern } from '../../src/core/package-name.ts';
import type { StoreSettings } from '../../src/core/settings.ts';
import type { MintRequest, StoreLog } from '../../src/store/index.ts';

export type RedisSettings = Extract<StoreSettings, { kind: 'redis' }>;

/** A fresh SHA-256 in hex. */
export function freshHash(): string {
  return createHash('sha256').update(randomBytes(16)).digest('hex');
}

/** A record as the exchange writes it, for the token with this hash; lives ten minutes from `now` (ms). */
export function recordFor(tokenHash: string, now: number): TokenRecord {
  const minted = Math.floor(now / 1000);
  return {
    version: 1,
    id: tokenHash.slice(0, 12),
    issuer: 'github',
    claims: { repository: 'acme/ui', repository_id: '101', aud: ['npm:registry.acme.test'], nested: { deep: [1, null, true] } },
    grants: [{ registry: 'npm', publisher: 'ui-release', packages: ['@acme/ui' as PackagePattern], allow: ['publish', 'dist_tag'] }],
    run: { anchor: 'acme/ui', commit: 'c0ffee', ref: 'refs/tags/v1.0.0', run: '4711' },
    minted,
    expires: minted + 600,
  };
}

/** A first exchange of a fresh identity token, issued a minute after `now` (ms), which is after every epoch. */
export function mintOf(now: number, change: Partial<MintRequest> = {}): MintRequest {
  const tokenHash = change.tokenHash ?? freshHash();
  return {
    identity: freshHash(),
    asked: ['npm\n@acme/ui'],
    limit: 1,
    issuedAt: Math.floor(now / 1000) + 60,
    markFor: 390_000,
    nonce: randomBytes(16).toString('hex'),
    tokenHash,
    record: recordFor(tokenHash, now),
    keepFor: 600_000,
    ...change,
  };
}

/** The same identity token once more, as another request: another nonce, another upload token. */
export function again(first: MintRequest, change: Partial<MintRequest> = {}): MintRequest {
  const { identity, asked, limit, issuedAt, markFor } = first;
  return mintOf((first.issuedAt - 60) * 1000, { identity, asked, limit, issuedAt, markFor, ...change });
}

/** Settings for one loopback Redis. */
export function redisAt(port: number, change: Partial<RedisSettings> = {}): RedisSettings {
  return {
    kind: 'redis',
    mode: 'single',
    nodes: [{ host: '127.0.0.1', port }],
    tls: false,
    database: 0,
    keyPrefix: '{countersign}:',
    allowEviction: false,
    ...change,
  };
}

/** A log that keeps its lines as text. */
export function keptLog(): StoreLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, text: string): void => void lines.push(`${JSON.stringify(fields)} ${text}`);
  return { lines, info: keep, warn: keep };
}

// What is not counted but looked up at each scrape.
import type { Server } from 'node:net';
import type { KeyStatus } from '../../oidc/verify.ts';
import type { Metrics } from '../../metrics.ts';

export interface Looks {
  readonly servers: Readonly<Record<'public' | 'admin', Server>>;
  /** Names of the registries. */
  readonly registries: () => Iterable<string>;
  /** Uploads under way by registry. */
  readonly uploads: ReadonlyMap<string, number>;
  readonly issuers: () => readonly KeyStatus[];
}

export function lookBefore(metrics: Metrics, { servers, registries, uploads, issuers }: Looks): void {
  metrics.before(async () => {
    for (const listener of ['public', 'admin'] as const) {
      metrics.connections.of({ listener }).set(await connectionsOf(servers[listener]));
    }
  });
  metrics.before(() => {
    metrics.uploadsUnderWay.clear();
    for (const registry of registries()) metrics.uploadsUnderWay.of({ registry }).set(uploads.get(registry) ?? 0);
  });
  metrics.before(() => showIssuers(metrics, issuers()));
}

async function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));
}

function showIssuers(metrics: Metrics, issuers: readonly KeyStatus[]): void {
  const { jwksAge, jwksKeys, jwksStale, clockSkew } = metrics;
  for (const family of [jwksAge, jwksKeys, jwksStale, clockSkew]) family.clear();
  for (const { name: issuer, keys, ageSeconds, stale, skewSeconds } of issuers) {
    jwksKeys.of({ issuer }).set(keys);
    jwksStale.of({ issuer }).set(stale ? 1 : 0);
    if (ageSeconds !== undefined) jwksAge.of({ issuer }).set(ageSeconds);
    if (skewSeconds !== undefined) clockSkew.of({ issuer }).set(skewSeconds);
  }
}

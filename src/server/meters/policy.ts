// The policy in force in numbers, and what its change does to the series: labels are names of the policy, and go with them.
import type { Configuration } from '../../config/configuration.ts';
import { labels, mostSeries, none, type Metrics } from '../../metrics.ts';

/**
 * Shows the policy that is in force from now on, and forgets the series of what it no longer has (DOS-15): a policy that is
 * written anew every day would grow without end otherwise.
 * @param now milliseconds
 */
export function showPolicy(metrics: Metrics, configuration: Configuration, now: number): void {
  const { revision, publishers, registries, issuers, warnings } = configuration;
  metrics.policyInfo.clear();
  metrics.policyInfo.of({ revision }).set(1);
  metrics.policyLoaded.of({}).set(now / 1000);
  metrics.publishers.of({}).set(publishers.length);
  metrics.unconstrained.of({}).set(publishers.filter((publisher) => publisher.unconstrained === true).length);
  metrics.warnings.of({}).set(warnings.length);
  forget(metrics, new Set(registries.keys()), new Set(issuers.keys()), new Set(publishers.map(({ name }) => name)));
  begin(metrics, configuration);
}

function forget(metrics: Metrics, registries: ReadonlySet<string>, issuers: ReadonlySet<string>, publishers: ReadonlySet<string>): void {
  const { requests, requestSeconds, exchanges, uploads, uploadBytes, uploadSeconds } = metrics;
  const { changes, longLivedWrites, upstreamRequests, upstreamSeconds } = metrics;
  for (const family of [requests, requestSeconds, exchanges, uploads, uploadBytes, uploadSeconds]) {
    family.retain('registry', registries);
  }
  for (const family of [changes, longLivedWrites, upstreamRequests, upstreamSeconds]) family.retain('registry', registries);
  metrics.jwksRefreshes.retain('issuer', issuers);
  metrics.publisherPackages.retain('publisher', publishers);
}

/**
 * Series that alerts and rates look at begin at zero: what first appears as 1 has not increased (Prometheus documentation,
 * "Instrumentation", avoid missing metrics).
 */
function begin(metrics: Metrics, { registries, issuers, publishers }: Configuration): void {
  for (const registry of registries.keys()) {
    for (const outcome of ['uploaded', 'upstream-unknown']) metrics.uploads.of({ registry, outcome, code: none });
    metrics.uploads.of({ registry, outcome: 'refused', code: 'upstream-credential' });
    metrics.uploads.of({ registry, outcome: 'upstream-refused', code: 'upstream-credential' });
    metrics.changes.of({ registry, outcome: 'refused', code: 'upstream-credential' });
    metrics.uploadBytes.of({ registry });
    for (const verdict of labels.verdict.values) metrics.longLivedWrites.of({ registry, verdict });
  }
  for (const issuer of issuers.keys()) {
    for (const outcome of ['success', 'failure']) metrics.jwksRefreshes.of({ issuer, outcome });
  }
  // Beyond the limit all share one series, which the first of them begins.
  for (const { name } of publishers.slice(0, mostSeries + 1)) metrics.publisherPackages.of({ publisher: name });
  for (const { provider } of issuers.values()) metrics.unknownClaims.of({ provider: provider.id });
  for (const change of labels.change.values) metrics.uploadTokens.of({ change });
  for (const outcome of ['success', 'failure']) metrics.policyReloads.of({ outcome });
  for (const sink of labels.sink.values) metrics.auditMissed.of({ sink });
  for (const limit of labels.limit.values) metrics.limitRefusals.of({ limit });
}

// Decisions, counted from the audit record: what the record says is said once (P7), and the numbers follow it.
import type { Audit, AuditEvent } from '../../audit/event.ts';
import { none, several, type Metrics } from '../../metrics.ts';

/** The audit with every event counted. */
export function counted(audit: Audit, metrics: Metrics): Audit {
  return (event) => {
    audit(event);
    count(event, metrics);
  };
}

function count(event: AuditEvent, metrics: Metrics): void {
  // An intent; how it ended is another event.
  if (event.outcome === 'forwarding') return;
  const { outcome, code = none } = event;
  const registry = registryOf(event);
  switch (event.event) {
    case 'exchange':
      metrics.exchanges.of({ registry, provider: event.provider ?? none, outcome, code }).add();
      if (outcome === 'minted') metrics.uploadTokens.of({ change: 'minted' }).add();
      return countLimit(event, metrics);
    case 'upload':
      metrics.uploads.of({ registry, outcome, code }).add();
      metrics.uploadSeconds.of({ registry, outcome }).observe((event.milliseconds ?? 0) / 1000);
      if (outcome === 'uploaded') metrics.uploadBytes.of({ registry }).add(event.bytes ?? 0);
      return countLimit(event, metrics);
    case 'manage':
      return metrics.changes.of({ registry, outcome, code }).add();
    case 'revoke':
      return metrics.uploadTokens.of({ change: 'revoked' }).add();
    case 'policy':
      return metrics.policyReloads.of({ outcome: outcome === 'reloaded' ? 'success' : 'failure' }).add();
    // Counted where the verdict is known (gateway/long-lived.ts), and with all requests.
    case 'pass-through':
    case 'request':
    case 'process':
  }
}

/** An exchange at the root of a host may speak for several registries. */
function registryOf({ registry = none }: AuditEvent): string {
  return registry.includes(',') ? several : registry || none;
}

/** `detail` names the ceiling of a publisher (exchange/limits.ts); the cap of a registry's uploads has none to name. */
function countLimit({ event, code, detail }: AuditEvent, metrics: Metrics): void {
  if (code !== 'too-many') return;
  const ceiling = (['packages_per_minute', 'exchanges_per_package'] as const).find((key) => detail === `ceiling ${key}`);
  const limit = ceiling ?? (event === 'upload' ? 'max_concurrent_uploads' : undefined);
  if (limit !== undefined) metrics.limitRefusals.of({ limit }).add();
}

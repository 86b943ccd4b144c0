// The probes of `check --live`: everything that the policy names is asked, nothing is changed, and each has its time.
import type { Configuration } from '../../config/configuration.ts';
import { entriesFor } from '../../core/publisher.ts';
import { probeIssuers } from './issuers.ts';
import { probePublicUrls } from './public-url.ts';
import type { LiveResult } from './result.ts';
import { probeStore } from './store.ts';
import { probeUpstreams } from './upstreams.ts';

export interface Around {
  /** Milliseconds. */
  readonly now: () => number;
  /** Ours, for User-Agent. */
  readonly version: string;
}

/** All of them at once; the results in the order of the policy's sections. */
export async function probe(configuration: Configuration, { now, version }: Around): Promise<readonly LiveResult[]> {
  const { store, issuers, registries } = configuration;
  const results = await Promise.all([
    probeStore(store, now),
    probeIssuers(issuers, now),
    probeUpstreams(registries.values(), (registry) => examplePackage(configuration, registry.name), version),
    probePublicUrls(registries.values()),
  ]);
  return results.flat();
}

/** A package that somebody may publish to the registry; a pattern with something in place of its stars. */
function examplePackage({ publishers }: Configuration, registry: string): string {
  const [entry = 'countersign-check'] = publishers.flatMap((publisher) => entriesFor(publisher, registry));
  return entry.replaceAll(/\*+/g, 'countersign-check');
}

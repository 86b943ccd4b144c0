// Which registries a request is for: by host, then by the longest path.
import type { RegistrySettings } from '../registries/registry.ts';

/** Registries by host (`host` or `host:port`, lower case), in the order of the configuration. */
export type Hosts = ReadonlyMap<string, readonly RegistrySettings[]>;

/** Indexes the registries once per configuration. */
export function byHost(registries: Iterable<RegistrySettings>): Hosts {
  const hosts = new Map<string, RegistrySettings[]>();
  for (const registry of registries) hosts.set(registry.url.host, [...(hosts.get(registry.url.host) ?? []), registry]);
  return hosts;
}

/** The registries of a `Host` header. Default ports may be written or left out. */
export function onHost(hosts: Hosts, host: string): readonly RegistrySettings[] {
  const lower = host.toLowerCase();
  return hosts.get(lower) ?? hosts.get(lower.replace(/:(80|443)$/, '')) ?? [];
}

/** The registry whose URL the path is under, on segment boundaries (PTH-21), and the path below it. */
export function under(
  registries: readonly RegistrySettings[],
  path: string,
): { readonly registry: RegistrySettings; readonly path: string } | undefined {
  let best: { readonly registry: RegistrySettings; readonly path: string } | undefined;
  for (const registry of registries) {
    const prefix = registry.url.pathname;
    const below = path.startsWith(prefix) ? `/${path.slice(prefix.length)}` : `${path}/` === prefix ? '/' : undefined;
    if (below !== undefined && prefix.length > (best?.registry.url.pathname.length ?? 0)) best = { registry, path: below };
  }
  return best;
}

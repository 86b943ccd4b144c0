// How often an identity token was exchanged for what. An entry is `<registry>\n<package>` or `<registry>\n*`.

/** By entry; `<registry>\n` alone is the count of that registry's most exchanged package. */
export type Counts = Map<string, number>;

/** Exchanges that count against the entry: its own and those of `*`; for `*`, those of the most exchanged package. */
export function used(counts: ReadonlyMap<string, number>, entry: string): number {
  const registry = registryOf(entry);
  const own = entry === `${registry}*` ? registry : entry;
  return (counts.get(own) ?? 0) + (counts.get(`${registry}*`) ?? 0);
}

export function count(counts: Counts, entry: string): void {
  const registry = registryOf(entry);
  const times = (counts.get(entry) ?? 0) + 1;
  counts.set(entry, times);
  if (entry !== `${registry}*`) counts.set(registry, Math.max(counts.get(registry) ?? 0, times));
}

function registryOf(entry: string): string {
  return entry.slice(0, entry.indexOf('\n') + 1);
}

// What `countersign check` warns of, by publisher: how much it leaves open, and what it shares with others.
import type { Configuration } from '../config/configuration.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import { entriesFor, type TrustedPublisher } from '../core/publisher.ts';
import type { Tools } from './scene.ts';

/** The warnings within each publisher's lines, by its name; a publisher ends where the next one of its file begins. */
export function warningsByPublisher({ publishers, warnings }: Configuration): ReadonlyMap<string, readonly Diagnostic[]> {
  const byFile = Map.groupBy(publishers, ({ place }) => place.file);
  const found = Map.groupBy(warnings, ({ place }) => {
    const before = (byFile.get(place.file) ?? []).filter((publisher) => publisher.place.line <= place.line);
    return before.toSorted((a, b) => b.place.line - a.place.line)[0]?.name;
  });
  return new Map([...found].flatMap(([name, list]) => (name === undefined ? [] : [[name, list]])));
}

/** The warnings of no publisher: those of a file's other sections. */
export function otherWarnings({ publishers, warnings }: Configuration): readonly Diagnostic[] {
  const first = new Map<string, number>();
  for (const { place } of publishers) first.set(place.file, Math.min(first.get(place.file) ?? Infinity, place.line));
  return warnings.filter(({ place }) => place.line < (first.get(place.file) ?? Infinity));
}

/** Other publishers that may publish one of the same packages. */
export function sharing(
  { publishers }: Configuration,
  publisher: TrustedPublisher,
  overlap: Tools['overlap'],
): readonly TrustedPublisher[] {
  return publishers.filter(
    (other) =>
      other !== publisher &&
      [...publisher.publish].some(([registry, entries]) =>
        entriesFor(other, registry).some((entry) => entries.some((own) => overlap(own, entry))),
      ),
  );
}

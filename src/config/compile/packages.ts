// Lists of packages and patterns, in the registry protocol's canonical form.
import type { PackagePattern } from '../../core/package-name.ts';
import type { Registry } from '../../registries/registry.ts';
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';

/** The entries of a list; those with errors are left out. Two ways of writing one package are reported (POL-18). */
export function packageEntries(list: Cursor, protocol: Registry): readonly PackagePattern[] {
  const entries = new Map<PackagePattern, string>();
  const written: readonly unknown[] = Array.isArray(list.value) ? list.value : [];
  for (const [index, text] of written.entries()) {
    if (typeof text !== 'string') continue;
    const problem = entryProblem(text, protocol);
    if (problem !== undefined) {
      list.at(index).error(problem);
      continue;
    }
    const entry = protocol.entry(text);
    const before = entries.get(entry);
    if (before !== undefined) list.at(index).warn('listed-twice', `listed twice: ${quote(text)} and ${quote(before)} are the same package`);
    else entries.set(entry, text);
  }
  return [...entries.keys()];
}

/** A pattern without a letter or digit would take in every package there is or will be (POL-16). */
function entryProblem(entry: string, protocol: Registry): string | undefined {
  if (entry.trim() !== entry) return 'begins or ends with a space';
  if (entry.includes('*') && !/[A-Za-z0-9]/.test(entry))
    return `${quote(entry)} covers every package; write a part of the name, for example @acme/* or acme-*`;
  return protocol.entryProblem(entry);
}

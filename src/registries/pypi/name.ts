// Names of Python projects: PEP 508 grammar, PEP 503 canonical form, and the patterns over it that a publisher may list.
import type { PackageName, PackagePattern } from '../../core/package-name.ts';
import { toPattern } from '../../core/pattern.ts';

/** Characters: longer than any project that exists, short enough that nothing here can be slow. */
const longest = 128;

/** PEP 508. ASCII only and checked before folding: `toLowerCase` turns U+212A (Kelvin) into `k` (PY-04). */
const grammar = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const patternGrammar = /^[A-Za-z0-9*](?:[A-Za-z0-9._*-]*[A-Za-z0-9*])?$/;

/** The canonical form of a project name (PEP 503), or undefined when it is none. */
export function packageName(text: string): PackageName | undefined {
  return text.length <= longest && grammar.test(text) ? (fold(text) as PackageName) : undefined;
}

/** What is wrong with an entry of a publisher's package list, as a sentence, or undefined. */
export function entryProblem(entry: string): string | undefined {
  if (!entry.includes('*')) {
    return packageName(entry) === undefined
      ? 'a project name has letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit'
      : undefined;
  }
  if (entry.includes('**')) return 'project names have no `/`; write `*`';
  if (!/[A-Za-z0-9]/.test(entry)) return 'a pattern over all projects is not possible; name at least a prefix, for example `acme-*`';
  if (entry.length > longest || !patternGrammar.test(entry)) {
    return 'a pattern has letters, digits, `.`, `_`, `-` and `*`, and does not begin or end with a separator';
  }
  return undefined;
}

/** The canonical form of an entry that `entryProblem` has nothing against: its pieces are folded like names. */
export function entry(text: string): PackagePattern {
  const canonical = text.includes('*') ? toPattern(fold(text)) : packageName(text);
  if (canonical === undefined) throw new Error(`not a package entry: ${text}`);
  return canonical;
}

function fold(text: string): string {
  // Most are written the way they are compared.
  if (!/[A-Z_.]|--/.test(text)) return text;
  return text.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

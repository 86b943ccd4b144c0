// Names of packages (npm) and projects (PyPI), and the patterns over them that a publisher may list.
import { isWild, matches, type Pattern } from './pattern.ts';

declare const name: unique symbol;

/** A package name in its registry protocol's canonical form. Only a protocol's `name.ts` makes one. */
export type PackageName = string & { readonly [name]: true };

/** One entry of a publisher's package list: an exact canonical name, or a pattern over canonical names. */
export type PackagePattern = PackageName | Pattern;

/** True when the entry covers the name. */
export function covers(entry: PackagePattern, packageName: PackageName): boolean {
  return entry === packageName || (isWild(entry) && matches(entry as Pattern, packageName));
}

/** True when the entry names the package itself and not by a wildcard (rule 11 of design/3: new packages). */
export function namesExactly(entry: PackagePattern, packageName: PackageName): boolean {
  return entry === packageName;
}

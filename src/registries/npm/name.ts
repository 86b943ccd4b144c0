// Names of npm packages, and the patterns over them that a publisher may list.
import type { PackageName, PackagePattern } from '../../core/package-name.ts';
import { patternProblem, toPattern } from '../../core/pattern.ts';

const part = '[a-z0-9][a-z0-9._-]*';
const grammar = new RegExp(`^(?:@${part}/)?${part}$`);
const longest = 214;

/** Names that a server, a file system or a JavaScript object behind us reads as something else (PTH-18). */
const reserved = new Set(['node_modules', 'favicon.ico', 'constructor', 'prototype']);

/**
 * The name itself when it is one that npm takes for a new package (validate-npm-package-name, `validForNewPackages`,
 * and stricter: no part starts with `.`, `_` or `-`), else undefined. npm names are never folded: what is not lower
 * case is no name here (NPM-27, PTH-17).
 */
export function packageName(text: string): PackageName | undefined {
  if (text.length > longest || !grammar.test(text)) return undefined;
  return reserved.has(basename(text)) ? undefined : (text as PackageName);
}

/** The name without its scope. */
export function basename(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/** What is wrong with an entry of a publisher's package list, as a sentence, or undefined. */
export function entryProblem(entry: string): string | undefined {
  if (!entry.includes('*')) {
    if (packageName(entry) !== undefined) return undefined;
    return entry === entry.toLowerCase() ? `${entry} is not a package name` : 'package names are written in lower case';
  }
  const problem = patternProblem(entry);
  if (problem !== undefined) return problem;
  if (entry.includes('**')) return 'a package name has one segment after its scope; write `*`';
  return shapeProblem(entry);
}

/** A pattern without a literal scope or prefix would cover packages that nobody had in mind. */
function shapeProblem(entry: string): string | undefined {
  if (/^@[^/]*\*/.test(entry)) return 'the scope of a pattern is written out, for example `@acme/*`';
  if (entry.startsWith('*')) return 'a pattern starts with a scope or with a prefix, for example `@acme/*` or `acme-*`';
  if (/^@[a-z0-9][a-z0-9._-]*\/[a-z0-9*][a-z0-9._*-]*$/.test(entry)) return undefined;
  if (/^[a-z0-9][a-z0-9._*-]*$/.test(entry)) return undefined;
  return `${entry} can match no package name`;
}

/** The canonical form of an entry that `entryProblem` has nothing against; throws for others. */
export function entry(text: string): PackagePattern {
  const canonical = text.includes('*') ? toPattern(text) : packageName(text);
  if (canonical === undefined) throw new Error(`not a package list entry: ${text}`);
  return canonical;
}

// Package names in request paths: the few spellings that clients use, read whole or not at all, and the one that we write.
import type { PackageName } from '../../core/package-name.ts';
import { packageName } from './name.ts';

const slash = '(?:%2[fF]|/)';

/** A name in any spelling that a client uses: `w`, `@acme/w`, `@acme%2fw`, `@acme%2Fw`, `%40acme%2Fw`. */
export const spelledName = `(?:(?:@|%40)[^/%]+${slash})?[^/%@]+`;

/**
 * The name that a spelling from a path stands for. Nothing else is decoded: an escaped letter, dot or percent sign is no
 * spelling of a name, because a server that decodes twice would read another one (PTH-03, PTH-12 to PTH-16).
 */
export function nameOf(spelling: string): PackageName | undefined {
  return packageName(spelling.replace(/^%40/, '@').replace(/%2f/i, '/'));
}

/** The path of a package below a registry URL, as npm writes it: `@acme%2fw`. */
export function pathOf(name: PackageName): string {
  return name.replace('/', '%2f');
}

/**
 * What is wrong with the path of a write, completing "… is refused because …", or undefined. Escapes must be the ones
 * that a canonical encoder writes, so that the name that we read is the name that every server behind us reads.
 */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/') || path.includes('//') || /\/\.{1,2}(?:\/|$)/.test(path)) return 'it has empty or dot segments';
  if (/[^\x21-\x7e]|[\\;#?"<>^`{|}]/.test(path)) return 'it has characters that belong into no path of a registry';
  const withoutNames = path.replaceAll(/(?<=\/)(?:@|%40)([^/%]+)%2f/gi, '@$1/');
  return withoutNames.split('/').some((segment) => !isCanonical(segment)) ? 'its percent-encoding is not canonical' : undefined;
}

function isCanonical(segment: string): boolean {
  if (!segment.includes('%')) return true;
  if (/%(?:[01][0-9a-f]|7f|2f|5c|25|00)/i.test(segment)) return false;
  const decoded = decode(segment);
  if (decoded === undefined || /[^\x20-\x7e]/.test(decoded)) return false;
  return segment.match(/%[0-9a-f]{2}/gi)?.every((escape) => !/^[A-Za-z0-9._~-]$/.test(decode(escape) ?? '')) ?? false;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

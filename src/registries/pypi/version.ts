// Versions of Python projects (PEP 440): strict parsing, the normal form, and equality.

/** Characters; a bound on all work below (DOS-13). */
const longest = 128;

/** PEP 440, appendix B, anchored and without surrounding space. Each alternative begins differently, so it cannot backtrack far. */
const grammar =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<preKind>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<pre>\d+)?)?(?:-(?<implicitPost>\d+)|[-_.]?(?<postKind>post|rev|r)[-_.]?(?<post>\d+)?)?(?<dev>[-_.]?dev[-_.]?(?<devNumber>\d+)?)?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const preKinds: ReadonlyMap<string, string> = new Map([
  ['alpha', 'a'],
  ['beta', 'b'],
  ['c', 'rc'],
  ['pre', 'rc'],
  ['preview', 'rc'],
]);

export interface Version {
  /** The normal form, as an index shows it: `1.0.0rc1`. */
  readonly normal: string;
  /** The same text for equal versions: trailing zeros of the release do not count (`1.0` equals `1.0.0`). */
  readonly key: string;
}

/** Reads a version, or undefined when it is none. Spelling and case follow PEP 440; surrounding space is not allowed. */
export function parseVersion(text: string): Version | undefined {
  // ASCII before lower-casing: U+212A and U+017F fold into it.
  if (text.length > longest || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const parts = grammar.exec(text.toLowerCase())?.groups;
  if (parts === undefined) return undefined;
  const numbers = (parts['release'] ?? '').split('.').map(number);
  const significant = numbers.slice(0, numbers.findLastIndex((part) => part !== '0') + 1);
  const epoch = number(parts['epoch'] ?? '0');
  const before = epoch === '0' ? '' : `${epoch}!`;
  const after = suffix(parts);
  return { normal: `${before}${numbers.join('.')}${after}`, key: `${before}${significant.join('.') || '0'}${after}` };
}

function suffix(parts: Readonly<Record<string, string | undefined>>): string {
  const { preKind, implicitPost, postKind, dev, local } = parts;
  const pre = preKind === undefined ? '' : `${preKinds.get(preKind) ?? preKind}${number(parts['pre'] ?? '0')}`;
  const post = postKind === undefined && implicitPost === undefined ? '' : `.post${number(implicitPost ?? parts['post'] ?? '0')}`;
  const development = dev === undefined ? '' : `.dev${number(parts['devNumber'] ?? '0')}`;
  const localPart = local === undefined ? '' : `+${local.split(/[-_.]/).map(segment).join('.')}`;
  return `${pre}${post}${development}${localPart}`;
}

/** Digits without leading zeros, kept as text: a version may have more digits than a number holds. */
function number(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

function segment(text: string): string {
  return /^\d+$/.test(text) ? number(text) : text;
}

// Versions and dist-tags: what npm takes for one, in the one spelling that every registry reads alike.
// One by one: the whole of semver is forty modules that nothing else needs.
import valid from 'semver/functions/valid.js';
import validRange from 'semver/ranges/valid.js';

/** True when the text is a version in npm's canonical spelling: `1.0.0`, not `v1.0.0`, `01.0.0` or `1.0.0+b` (NPM-13). */
export function isVersion(text: string): boolean {
  return text.length <= 256 && valid(text) === text;
}

/** What is wrong with the name of a dist-tag, completing "The dist-tag x …", or undefined (NPM-17). */
export function tagProblem(tag: string): string | undefined {
  if (tag.length > 128) return 'is longer than 128 characters';
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(tag)) return 'has characters other than letters, digits, `.`, `_` and `-`';
  // Loosely, as clients read what follows the `@`: `1.0.0beta` is a version to them.
  if (validRange(tag, { loose: true }) !== null) return 'reads as a version range';
  // What every object has, a server that looks the tag up would find.
  return tag in Object.prototype || tag === 'prototype' ? 'is a reserved word' : undefined;
}

// Strict JSON for the usual document: no escapes in it, nothing wrong with it. Everything else is for `strict-json.ts`.
import { isJsonObject, type Json } from './json.ts';
import type { JsonLimits } from './strict-json.ts';

const quote = 0x22;
const space = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * The value of a document that `parseStrictJson` accepts; undefined when this cannot tell, so that the strict parser has to.
 * `JSON.parse` reads it, and of two equal keys it keeps one: then the value has fewer keys than the text.
 */
export function parsePlainJson(text: string, limits: JsonLimits): Json | undefined {
  const counted = count(text);
  if (counted === undefined || counted.depth > limits.maxDepth || counted.keys > limits.maxKeys || !text.isWellFormed()) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return keysIn(value) === counted.keys ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keys and the deepest nesting of the text, if it is JSON; undefined for one with a backslash, where strings end elsewhere. */
function count(text: string): { readonly keys: number; readonly depth: number } | undefined {
  if (text.includes('\\')) return undefined;
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = text.indexOf('"', at + 1);
      if (at === -1) return undefined;
      let next = at + 1;
      while (space(text.charCodeAt(next))) next += 1;
      if (text.charCodeAt(next) === 0x3a) keys += 1;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return { keys, depth: deepest };
}

/** Keys of all objects in the value; none that could match where a number does not fit a double. The depth is bounded. */
function keysIn(value: Json): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value as readonly Json[]) keys += keysIn(item);
  else if (isJsonObject(value))
    for (const key of Object.keys(value)) {
      const member = value[key];
      keys += 1 + (member === undefined ? 0 : keysIn(member));
    }
  return keys;
}

// What a refusal says, with the names of its values in place of them.
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';

/** Values that name themselves: `{expected}`. */
export const named = new Proxy<Record<string, string>>({}, { get: (_, key) => `{${String(key)}}` });

/** The sentence and the fix of a refusal. */
export function template(code: RefusalCode): string {
  const kind = refusalKinds[code];
  return escapeAngles(`${kind.sentence(named)} ${kind.fix(named)}`);
}

/** The longest part of a text between the names of values. */
export function longest(text: string): string {
  return text.split(/\{\w+\}/).reduce((best, part) => (part.length > best.length ? part : best), '');
}

/** For Markdown outside of code. */
export function escapeAngles(text: string): string {
  return text.replaceAll('<', '&lt;');
}

/** What a sentence or a fix says whatever its values are, and whether or not one of them replaces the rest. */
export function fixedParts(code: RefusalCode, part: 'sentence' | 'fix'): string[] {
  const says = refusalKinds[code][part];
  const others = [says({}), says({ limit: '1' })];
  return says(named)
    .split(/\{\w+\}/)
    .map((text) => text.trim())
    .filter((text) => text.length > 12 && others.every((other) => other.includes(text)));
}

// Glob patterns of the policy: anchored at both ends, `*` stays within a path segment, `**` does not. No regular
// expressions: matching is linear in pattern × text, so that no claim can make it slow (POL-14).

declare const pattern: unique symbol;

/** A checked pattern. Text without `*` is an exact match. */
export type Pattern = string & { readonly [pattern]: true };

/** What is wrong with a pattern, as a sentence, or undefined. `?`, `[`, `{` and `\` have no meaning and are refused (POL-16). */
export function patternProblem(text: string): string | undefined {
  if (text === '') return 'a pattern cannot be empty';
  if (/[?[\]{}\\]/.test(text))
    return 'only `*` (within a segment) and `**` (across segments) are special; `? [ ] { } \\` are not supported';
  if (text.includes('***')) return 'write `*` or `**`';
  return undefined;
}

/** Brands a pattern that `patternProblem` has nothing against. */
export function toPattern(text: string): Pattern | undefined {
  return patternProblem(text) === undefined ? (text as Pattern) : undefined;
}

/** True when the pattern has a wildcard. */
export function isWild(text: string): boolean {
  return text.includes('*');
}

/**
 * True when the whole text matches the whole pattern. Case matters; fold both sides first where a provider folds.
 * Keeps the set of pattern positions reached so far and moves it over the text once: no backtracking.
 */
export function matches(glob: Pattern, text: string): boolean {
  const first = glob.indexOf('*');
  if (first === -1) return glob === text;
  const behind = glob.lastIndexOf('*') + 1;
  const rest = glob.length - behind;
  // Most have one star, or one pair: then what stands around it decides, and whether a slash is in what is left.
  if (text.length < first + rest || !text.startsWith(glob.slice(0, first)) || !text.endsWith(glob.slice(behind))) return false;
  if (behind - first === 2 && glob.charAt(first + 1) === '*') return true;
  if (behind - first === 1) return !text.slice(first, text.length - rest).includes('/');
  const tokens = glob.match(/\*\*|[^]/g) ?? [];
  let reached = new Set(skipStars(tokens, 0));
  for (const character of text.split('')) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === '**' || (token === '*' && character !== '/')) for (const to of skipStars(tokens, at)) next.add(to);
      else if (token !== '*' && token === character) for (const to of skipStars(tokens, at + 1)) next.add(to);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(tokens.length);
}

/** The positions that can stand at `at` without reading a character: `at` itself, and past each star from there. */
function skipStars(tokens: readonly string[], at: number): number[] {
  const positions = [at];
  for (let i = at; tokens[i] === '*' || tokens[i] === '**'; i += 1) positions.push(i + 1);
  return positions;
}

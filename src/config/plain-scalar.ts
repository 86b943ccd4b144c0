// Plain scalars of YAML's core schema, as far as there is no doubt about them.

/** What a character may be, as bits; only ASCII that can be seen is anything. */
const first = 1;
const inner = 2;
const innerOfFlow = 4;
const firstOfKey = 8;
const innerOfKey = 16;

const kinds = new Uint8Array(128);
for (let code = 0x20; code < 0x7f; code += 1) {
  const character = String.fromCharCode(code);
  kinds[code] =
    // Letters, digits and few others: what else may begin a plain scalar is an indicator, or looks like one.
    (/[A-Za-z0-9_./$]/.test(character) ? first : 0) |
    inner |
    (/[[\]{},]/.test(character) ? 0 : innerOfFlow) |
    (/[A-Za-z]/.test(character) ? firstOfKey : 0) |
    (/[A-Za-z0-9_.-]/.test(character) ? innerOfKey : 0);
}

const space = 0x20;
const hash = 0x23;
const colon = 0x3a;

/** Longer keys are an error for YAML from 1,024 characters on. */
const longestKey = 200;

/**
 * Where a plain scalar that begins at `at` ends, without the spaces behind it. Undefined when something else begins there,
 * or what follows is not plainly the end: the caller has to look at what stands there.
 */
export function plainScalarEnd(text: string, at: number, flow: boolean): number | undefined {
  if (!is(text.charCodeAt(at), first)) return undefined;
  const kind = flow ? innerOfFlow : inner;
  let end = at + 1;
  let next = end;
  for (let code = text.charCodeAt(next); is(code, kind); code = text.charCodeAt(next)) {
    if (code === space) next += 1;
    // Behind a space, "#" begins a comment.
    else if (code === hash && next > end) return end;
    // ": " would make a key of it, as would ":" before the end or a bracket.
    else if (code === colon && !isInside(text.charCodeAt(next + 1), kind)) return undefined;
    else end = next += 1;
  }
  return end;
}

function isInside(code: number, kind: number): boolean {
  return code !== space && is(code, kind);
}

/** Where a key that begins at `at` ends, if a key of letters, digits, ".", "-" and "_" and its ":" stand there. */
export function plainKeyEnd(text: string, at: number): number | undefined {
  if (!is(text.charCodeAt(at), firstOfKey)) return undefined;
  let end = at + 1;
  while (is(text.charCodeAt(end), innerOfKey)) end += 1;
  return text.charCodeAt(end) === colon && end - at <= longestKey ? end : undefined;
}

function is(code: number, kind: number): boolean {
  // Behind the end of the text `code` is not a number.
  return ((kinds[code] ?? 0) & kind) !== 0;
}

const words: ReadonlyMap<string, boolean | undefined> = new Map([
  ['true', true],
  ['false', false],
  ...['True', 'TRUE', 'False', 'FALSE', 'null', 'Null', 'NULL'].map((word) => [word, undefined] as const),
]);

/** As the core schema has them: whole, octal, hexadecimal, with a fraction or exponent, and what is no number. */
const numbers = /^(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|\.(?:inf|nan))$/i;

/** The value of a plain scalar; undefined for what a policy does not say plainly: nothing, `TRUE`, numbers that do not survive. */
export function plainScalar(scalar: string): string | number | boolean | undefined {
  const code = scalar.charCodeAt(0);
  if (code > 0x39) return scalar.length <= 5 && words.has(scalar) ? words.get(scalar) : scalar;
  if (!numbers.test(scalar)) return scalar;
  const number = Number(scalar);
  return /^(?:0|[1-9][0-9]*)$/.test(scalar) && Number.isSafeInteger(number) ? number : undefined;
}

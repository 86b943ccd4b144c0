// Writes JSON text shorter by words that stand in it more than once, and back. JSON text has no control characters, so each may stand for a word.

/** What many records say. In the text U+0010 stands for the first. Stored records depend on the order: append only. */
const common = [
  '","',
  '/.github/workflows/',
  'https://',
  'github.com/',
  'refs/heads/',
  'refs/tags/',
  '/actions/runs/',
  '-hosted',
  'github',
];

/** Stand for a record's own words, in their order. Line breaks part the words. */
const codes = [1, 2, 3, 4, 5, 6, 7, 8].map((code) => String.fromCharCode(code));
const commonCodes = common.map((_, i) => String.fromCharCode(0x10 + i));
const shortest = 5;

/**
 * @param json text without control characters
 * @param words that may stand in it more than once; those that do, take one code each
 */
export function shorten(json: string, words: readonly string[]): string {
  const used: string[] = [];
  let text = json;
  for (const word of words) {
    const code = codes[used.length];
    if (word.length < shortest || code === undefined) continue;
    const escaped = JSON.stringify(word).slice(1, -1);
    const first = text.indexOf(escaped);
    if (first === -1 || !text.includes(escaped, first + escaped.length)) continue;
    text = text.replaceAll(escaped, code);
    used.push(escaped);
  }
  for (const [i, word] of common.entries()) text = text.replaceAll(word, commonCodes[i] ?? word);
  return `${[...used, ''].join('\n')}${text}`;
}

/**
 * The JSON text that `shorten` was given; undefined for what it cannot have written.
 * @param limit characters of the longest answer: few words may stand for very much
 */
export function lengthen(short: string, limit: number): string | undefined {
  const words = short.split('\n');
  const text = words.pop() ?? '';
  const meaning = new Map(words.map((word, i) => [codes[i], word]));
  let length = text.length;
  let known = words.length <= codes.length;
  const json = text.replaceAll(/\p{Cc}/gu, (code) => {
    if (code > '\u001f') return code;
    const word = meaning.get(code) ?? common[code.charCodeAt(0) - 0x10];
    length += word?.length ?? 0;
    if (word === undefined || length > limit) known = false;
    return known ? (word ?? '') : '';
  });
  return known ? json : undefined;
}

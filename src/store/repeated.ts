// Writes texts shorter by what stood in a text before them: a repository's name is in its workflow's, its run's page and more.

/** What many records say. U+0018 stands for the first. Stored records depend on the order: append only. */
const common = ['https://', 'github.com/', '/.github/workflows/', '@refs/tags/', '@refs/heads/', '/actions/runs/'];
const commonCodes = common.map((_, i) => String.fromCharCode(0x18 + i));
/** Stand for the texts before, in their order. */
const codes = Array.from({ length: 0x17 }, (_, i) => String.fromCharCode(i + 1));

/** Shorter texts are not worth a code, and only longer ones may have others in them. */
const shortest = 5;
const long = 20;

/** One for each record: writing and reading learn the same texts in the same order. Texts have no control characters. */
export class Repeated {
  readonly #words: string[] = [];
  #left: number;
  /** Something was read that cannot have been written, or that is too much. */
  broken = false;

  /** @param limit characters that are read at most: few codes may stand for very much */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#left = limit;
  }

  shorten(text: string): string {
    if (text.length < shortest) return text;
    const same = this.#words.indexOf(text);
    if (same !== -1) return codes[same] ?? text;
    let short = text;
    if (text.length >= long) {
      for (let i = 0; i < this.#words.length; i += 1) short = replaceOne(short, this.#words[i] ?? '', codes[i] ?? '');
      for (let i = 0; i < common.length; i += 1) short = replaceOne(short, common[i] ?? '', commonCodes[i] ?? '');
    }
    return short;
  }

  lengthen(short: string): string {
    let length = short.length;
    const words: string[] = [];
    for (const [code] of short.matchAll(/\p{Cc}/gu)) {
      const word = this.#words[code.charCodeAt(0) - 1] ?? common[code.charCodeAt(0) - 0x18];
      if (word === undefined) this.broken = true;
      length += word?.length ?? 0;
      words.push(word ?? '');
    }
    this.#left -= length;
    if (this.#left < 0) this.broken = true;
    if (this.broken || words.length === 0) return this.broken ? '' : short;
    let next = 0;
    return short.replaceAll(/\p{Cc}/gu, () => words[next++] ?? '');
  }

  /** From now on a code stands for the text. */
  learn(text: string): void {
    if (text.length >= shortest && this.#words.length < codes.length && !this.#words.includes(text)) this.#words.push(text);
  }
}

function replaceOne(text: string, word: string, code: string): string {
  const at = text.indexOf(word);
  return at === -1 ? text : text.slice(0, at) + code + text.slice(at + word.length);
}

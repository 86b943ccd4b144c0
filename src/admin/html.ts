// HTML that is escaped by construction: what is put into a template is text, unless another template made it.

/** A piece of a page. Only `html` makes one, so none holds anything that somebody else wrote as markup (CWE-79). */
export class Html {
  readonly #text: string;
  /** Is handed what `html` assembled; the private member keeps look-alikes out of templates. */
  private constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
  /** For `html` alone. The strings are those of the source; every value is escaped. */
  static of(strings: readonly string[], values: readonly Part[]): Html {
    return new Html(strings.map((text, i) => (i === 0 ? text : written(values[i - 1]) + text)).join(''));
  }
}

/** What may stand in a template; `undefined` and `false` are nothing. */
export type Part = Html | string | number | undefined | false | readonly Part[];

/** Values stand between tags, or in attributes within double quotes; `test/admin/html.test.ts` looks for others. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return Html.of(strings, values);
}

function written(value: Part): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(written).join('');
  return escape(String(value));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

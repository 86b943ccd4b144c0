// What a page is made of, read by a strict reader: every element is closed where it belongs, every attribute quoted.

const empty = new Set(['meta', 'link', 'input']);
/** After them a word is over. */
const blocks = new Set([
  'td',
  'th',
  'li',
  'p',
  'dt',
  'dd',
  'h1',
  'h2',
  'summary',
  'button',
  'option',
  'label',
  'caption',
  'div',
  'figcaption',
]);

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its text, with that of the elements in it. */
  readonly text: string;
}

type Open = { -readonly [key in keyof Element]: Element[key] };

const token = /<!doctype html>|<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*)\s*(\/?)>|([^<]+)/gy;

/** All elements in the order of their ends. @throws Error for what a browser would have to guess at */
export function readMarkup(page: string): Element[] {
  const found: Element[] = [];
  const open: Open[] = [];
  let at = 0;
  for (const match of page.matchAll(token)) {
    const [whole, slash, name, written = '', closed, text] = match;
    at = match.index + whole.length;
    if (text !== undefined) for (const one of open) one.text += plain(text);
    if (name === undefined) continue;
    if (slash === '/') {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}>: ${page.slice(Math.max(0, at - 200), at)}`);
      if (blocks.has(name)) for (const one of open) one.text += ' ';
      found.push(last);
    } else {
      const one = { name, attributes: attributesOf(written), text: '' };
      if (closed === '/' || empty.has(name)) found.push(one);
      else open.push(one);
    }
  }
  if (at !== page.length) throw new Error(`not understood: ${page.slice(at, at + 200)}`);
  if (open.length > 0) throw new Error(`never closed: ${open.map(({ name }) => name).join(' ')}`);
  return found;
}

function attributesOf(written: string): Record<string, string> {
  const pairs = written.matchAll(/([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, plain(value)]));
}

function plain(text: string): string {
  const known: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => known[name] ?? '');
}

/** Names and attributes without what the attributes say: what no text may change. */
export function skeleton(page: string): string {
  return readMarkup(page)
    .map(({ name, attributes }) => `${name}[${Object.keys(attributes).join(' ')}]`)
    .join('\n');
}

/** The words of a page, as somebody reads them. */
export function wordsOf(page: string): string {
  const body = readMarkup(page).find(({ name }) => name === 'body');
  return (body?.text ?? '').replaceAll(/\s+/g, ' ').trim();
}

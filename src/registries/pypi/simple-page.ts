// Reads a project's page of a simple index: HTML (PEP 503) or JSON (PEP 691). What is not understood is no "nothing there".
import { isJsonObject, own, type Json } from '../../core/json.ts';

/** A file as an index lists it. */
export interface Listed {
  readonly filename: string;
  readonly url: string;
}

/** The files on the page. Throws when it is none, of a later major version (PEP 629), or has a link that is not understood. */
export function filesOf(body: Uint8Array): Listed[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  return text.trimStart().startsWith('{') ? fromJson(text) : fromHtml(text);
}

function fromJson(text: string): Listed[] {
  const page: Json = JSON.parse(text);
  const meta = isJsonObject(page) ? own(page, 'meta') : undefined;
  checkVersion(isJsonObject(meta) ? own(meta, 'api-version') : undefined);
  const files = isJsonObject(page) ? own(page, 'files') : undefined;
  if (!Array.isArray(files)) throw new Error('the upstream answered a simple page without files');
  return files.map((file: Json) => {
    const filename = isJsonObject(file) ? own(file, 'filename') : undefined;
    const url = isJsonObject(file) ? own(file, 'url') : undefined;
    if (typeof filename !== 'string' || typeof url !== 'string')
      throw new Error('the upstream answered a simple page with a file that is none');
    return { filename, url };
  });
}

function checkVersion(version: Json | undefined): void {
  if (typeof version === 'string' && !/^1(?:\.|$)/.test(version)) throw new Error('the upstream answered a simple page of a later version');
}

// Each alternative begins with another character, and the first tag that does not fit ends the reading: linear (DOS-13).
const openTag = /<(a|meta)(?=[\s/>])((?:[^"'>]|"[^"]*"|'[^']*')*)>/iy;
const attribute = /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** Characters of a link's text that are looked at: more than any file name, so that all of them together are no more work than the page is long. */
const longestText = 1024;

/** Anchors of PEP 503. The text is the file name; a server that shows something else still has it at the end of the URL. */
function fromHtml(text: string): Listed[] {
  if (!/<html|<!doctype html/i.test(text)) throw new Error('the upstream answered a simple page that is neither JSON nor HTML');
  const listed: Listed[] = [];
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at);
      if (end === -1) break;
      at = end;
      continue;
    }
    if (!/^<(?:a|meta)[\s/>]/i.test(text.slice(at, at + 6))) continue;
    openTag.lastIndex = at;
    const found = openTag.exec(text);
    if (found === null) throw new Error('the upstream answered a simple page with a tag that is not understood');
    const attributes = attributesOf(found[2] ?? '');
    at = openTag.lastIndex - 1;
    if (found[1]?.toLowerCase() === 'meta') {
      if (attributes.get('name') === 'pypi:repository-version') checkVersion(attributes.get('content'));
      continue;
    }
    const url = attributes.get('href');
    if (url === undefined) continue;
    const [inside = ''] = text.slice(openTag.lastIndex, openTag.lastIndex + longestText).split(/<\/a|<a[\s>]/i);
    const shown = unescaped(inside.replaceAll(/<[^<>]*>/g, '')).trim();
    listed.push({ filename: shown, url }, { filename: lastSegment(url), url });
  }
  return listed;
}

/** Of several of one name the first counts (HTML 13.2.5.33). */
function attributesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', double, single, bare] of text.matchAll(attribute)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, unescaped(double ?? single ?? bare ?? ''));
  }
  return found;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", plus: '+', excl: '!', period: '.' };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function lastSegment(url: string): string {
  const segment =
    url
      .replace(/[?#].*$/s, '')
      .split('/')
      .at(-1) ?? '';
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

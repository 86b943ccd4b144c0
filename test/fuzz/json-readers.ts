// The ways in which registries read a publish document: body-parser 1 (Verdaccio's own), body-parser 2, and readers of other languages.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { requires } from '../support/components.ts';

type Parse = (req: object, res: object, next: (error?: unknown) => void) => void;

/** `express.json` as Verdaccio itself loads and configures it. */
function verdacciosParser(): Parse {
  const { json } = createRequire(requires('verdaccio'))('express') as { json: (options: object) => Parse };
  return json({ strict: false, limit: '10mb' });
}

let [first, second]: (Parse | undefined)[] = [];

/** The document as body-parser 1 gives it to Verdaccio. Throws what it throws. */
export async function bodyParser1(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<unknown> {
  first ??= verdacciosParser();
  return parsed(first, body, headers);
}

/** The document as body-parser 2 gives it to a registry on Express 5. */
export async function bodyParser2(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<unknown> {
  second ??= (createRequire(import.meta.url)('body-parser') as { json: (options: object) => Parse }).json({ strict: false, limit: '10mb' });
  return parsed(second, body, headers);
}

async function parsed(parse: Parse, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const req = Object.assign(Readable.from([Buffer.from(body)]), { headers: { ...headers, 'content-length': String(body.length) } });
  await new Promise<void>((resolve, reject) => parse(req, {}, (error) => (error === undefined ? resolve() : reject(error))));
  return (req as unknown as { body: unknown }).body;
}

/** An object with its members in order, none left out. */
export interface Members {
  readonly members: readonly (readonly [key: string, value: Read])[];
}
export type Read = Members | readonly Read[] | string | number | boolean | null;

/** Reads JSON and keeps what others drop: of two members with one key, both. The text is JSON for `JSON.parse` already. */
export function everyMember(text: string): Read {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)].map(([token]) => token);
  let at = 0;
  const value = (): Read => {
    const token = tokens[at++] ?? '';
    if (token === '{') return { members: listed('}', () => [JSON.parse(tokens[at++] ?? '') as string, (at++, value())] as const) };
    if (token === '[') return listed(']', value);
    return JSON.parse(token) as string | number | boolean | null;
  };
  const listed = <T>(end: string, item: () => T): T[] => {
    const items: T[] = [];
    while (tokens[at] !== end) {
      items.push(item());
      if (tokens[at] === ',') at += 1;
    }
    at += 1;
    return items;
  };
  return value();
}

/** Keys that some reader takes for one: twice the same, or the same but for case (Go's reader), in any object that a registry interprets. */
export function doubled(read: Read, depth = 0): string[] {
  if (typeof read !== 'object' || read === null) return [];
  if (!('members' in read)) return read.flatMap((item) => doubled(item, depth + 1));
  const keys = read.members.map(([key]) => (depth < 4 && /^[a-z_ſK-]{2,16}$/i.test(key) && meant.has(fold(key)) ? fold(key) : key));
  return [...keys.filter((key, i) => keys.indexOf(key) !== i), ...read.members.flatMap(([, value]) => doubled(value, depth + 1))];
}

/** Keys with a meaning for a registry. */
const meant = new Set(['name', '_id', '_rev', 'version', 'versions', 'dist', 'dist-tags', 'tarball', 'integrity', 'shasum', '_attachments', 'deprecated', 'users', 'maintainers', 'data', 'length', 'access']); // prettier-ignore

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** The first `key` of an object, and case does not matter. */
export function firstOf(read: Read | undefined, key: string): Read | undefined {
  if (typeof read !== 'object' || read === null || !('members' in read)) return undefined;
  return read.members.find(([name]) => fold(name) === key)?.[1];
}

/** Every `package/package.json` of an npm tarball, read without a doubt about sizes: the writer is ours. */
export function manifestsOf(tarball: Buffer): { readonly name?: unknown; readonly version?: unknown }[] {
  const tar = gunzipSync(tarball);
  const found: { name?: unknown; version?: unknown }[] = [];
  for (let at = 0; at + 512 <= tar.length;) {
    const path = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    if (path === '') break;
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    if (/^[^/]+\/package\.json$/.test(path)) found.push(JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)) as { name?: unknown });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

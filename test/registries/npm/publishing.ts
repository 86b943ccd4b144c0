// Builds publishes as npm sends them, whole or with one thing changed, and hands them to the npm protocol.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { isRefusal, type Refusal } from '../../../src/core/refusal.ts';
import { npm } from '../../../src/registries/npm/index.ts';
import {
  isChange,
  type Change as OtherChange,
  type Head,
  type Incoming,
  type Inspected,
  type RegistrySettings,
} from '../../../src/registries/registry.ts';

export const name = '@acme/widget';
export const version = '1.0.0';

/** A registry with nothing unusual. */
export function registry(changes: Partial<RegistrySettings> = {}): RegistrySettings {
  return {
    name: 'npm',
    protocol: npm,
    url: new URL('https://npm.acme.test/'),
    upstream: new URL('http://127.0.0.1:4873/'),
    credential: { kind: 'none' },
    longLivedTokens: 'allow',
    trustedOnly: [],
    reads: 'anonymous',
    immutable: true,
    refusals: 'full',
    provenance: false,
    audiences: ['npm:npm.acme.test'],
    audience: 'npm:npm.acme.test',
    maxUpload: 64 * 1024 * 1024,
    maxConcurrentUploads: 16,
    ...changes,
  };
}

/** The head of a request; header names in lower case. */
export function head(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Head {
  const [plain = '', ...query] = path.split('?');
  return { method, path: plain, query: query.join('?'), headers: new Map(Object.entries(headers)) };
}

export interface TarEntry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  readonly link?: string;
  readonly prefix?: string;
  /** Changes the finished header block, before its checksum is written. */
  readonly spoil?: (block: Buffer) => void;
}

/** One ustar entry with its body and padding. */
export function tarEntry({ path, content = '', type = '0', link = '', prefix = '', spoil }: TarEntry): Buffer {
  const body = Buffer.from(content);
  const block = Buffer.alloc(512);
  block.write(path, 0, 100);
  block.write('0000644\0', 100);
  block.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write(type, 156);
  block.write(link, 157, 100);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345, 155);
  spoil?.(block);
  block.fill(' ', 148, 156);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** A tar archive with its end mark. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map((entry) => tarEntry(entry)), Buffer.alloc(1024)]);
}

/** The package.json of the tests' package, with changes. */
export function manifest(changes: Readonly<Record<string, unknown>> = {}): TarEntry {
  return { path: 'package/package.json', content: JSON.stringify({ name, version, ...changes }) };
}

/** A tarball as npm packs it. */
export function tarball(
  entries: readonly TarEntry[] = [manifest(), { path: 'package/index.js', content: 'module.exports = 1\n' }],
): Buffer {
  return gzipSync(tar(entries));
}

/** A publish document to change. */
export interface Draft {
  [key: string]: unknown;
  versions: Record<string, unknown>;
  _attachments: Record<string, unknown>;
}

/** The parts of the document that are changed most: the one version, its `dist`, and the one attachment. */
export interface Parts {
  readonly manifest: Record<string, unknown>;
  readonly dist: Record<string, unknown>;
  readonly attachment: Record<string, unknown>;
}

/** A change of a publish document, before it is sent. */
export type Change = (draft: Draft, parts: Parts) => void;

/** Takes keys out of an object. */
export function without(object: object, ...keys: readonly string[]): void {
  for (const key of keys) Reflect.deleteProperty(object, key);
}

/** A publish document as npm sends it for this tarball, after a change. */
export function publish(
  change: Change = () => {},
  file: Buffer = tarball(),
  of: { name: string; version: string } = { name, version },
): Draft {
  const key = `${of.name}-${of.version}`;
  const dist: Record<string, unknown> = {
    integrity: `sha512-${createHash('sha512').update(file).digest('base64')}`,
    shasum: createHash('sha1').update(file).digest('hex'),
    tarball: `http://npm.acme.test/${of.name}/-/${key}.tgz`,
  };
  const facts = { _id: `${of.name}@${of.version}`, _nodeVersion: '24.21.0', _npmVersion: '12.2.0' };
  const manifestOf: Record<string, unknown> = { ...of, readme: '# widget', ...facts, dist };
  const attachment: Record<string, unknown> = {
    content_type: 'application/octet-stream',
    data: file.toString('base64'),
    length: file.length,
  };
  const draft: Draft = {
    _id: of.name,
    name: of.name,
    description: 'a widget',
    'dist-tags': { latest: of.version },
    versions: { [of.version]: manifestOf },
    access: null,
    _attachments: { [`${key}.tgz`]: attachment },
  };
  change(draft, { manifest: manifestOf, dist, attachment });
  return draft;
}

/** The same as it goes over the wire. */
export function changed(change: Change, file?: Buffer): string {
  return JSON.stringify(publish(change, file));
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes per chunk; all at once unless said. */
  readonly chunk?: number;
  readonly registry?: RegistrySettings;
  readonly name?: string;
}

/** An upload of these bytes to `PUT /@acme%2fwidget`. */
export function incoming(body: string | Uint8Array, sent: Sent = {}): Incoming {
  const bytes = Buffer.from(body);
  const granted = npm.packageName(sent.name ?? name);
  if (granted === undefined) throw new Error('not a package name');
  return {
    head: head('PUT', `/${granted.replace('/', '%2f')}`, { 'content-type': 'application/json', ...sent.headers }),
    registry: sent.registry ?? registry(),
    name: granted,
    body: chunks(bytes, sent.chunk ?? Math.max(bytes.length, 1)),
    run: { anchor: 'acme/widget', commit: 'c0ffee', ref: 'refs/tags/v1.0.0', workflow: 'release.yml' },
    publishers: ['widget-release'],
  };
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What `inspect` says of it. */
export function inspect(body: string | Uint8Array, sent: Sent = {}): Promise<Inspected | OtherChange | Refusal> {
  return npm.inspect(incoming(body, sent));
}

/** The refusal, or an error when there is none. */
export async function refusalOf(body: string | Uint8Array, sent: Sent = {}): Promise<Refusal> {
  const result = await inspect(body, sent);
  if (!isRefusal(result)) throw new Error('the upload was accepted');
  return result;
}

/** The upload as accepted, or an error with the refusal's sentence. */
export async function accepted(body: string | Uint8Array, sent: Sent = {}): Promise<Inspected> {
  const result = await inspect(body, sent);
  if (isRefusal(result)) throw new Error(`refused: ${result.message}`);
  if (isChange(result)) throw new Error('it is no upload');
  return result;
}

/** The rebuilt body, whole. */
export async function rebuiltBody(inspected: Inspected): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of inspected.rebuild()) pieces.push(piece);
  return Buffer.concat(pieces);
}

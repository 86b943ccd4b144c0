// Builds bodies of uploads: the shapes that real clients send, and the tricks of the catalogue on top of a plain one.
import { createHash } from 'node:crypto';
import { isRefusal, type Refusal } from '../../../src/core/refusal.ts';
import { pypi } from '../../../src/registries/pypi/index.ts';
import {
  isChange,
  UploadRefused,
  type FileDigest,
  type Head,
  type Incoming,
  type Inspected,
  type RegistrySettings,
} from '../../../src/registries/registry.ts';

export interface Part {
  readonly name: string;
  readonly value: string | Uint8Array;
  readonly filename?: string;
  readonly type?: string;
}

export const FILE = Buffer.from('the bytes of a distribution\r\n\n--\r\n\0\xff with all that parsers like', 'latin1');
export const SHA256 = createHash('sha256').update(FILE).digest('hex');
export const MD5 = createHash('md5').update(FILE).digest('hex');
export const BOUNDARY = '0123456789abcdef0123456789abcdef';

/** One part as all clients write it. */
export function part({ name, value, filename, type }: Part, boundary = BOUNDARY): Buffer {
  const file = filename === undefined ? '' : `; filename="${filename}"`;
  const header = type === undefined ? '' : `Content-Type: ${type}\r\n`;
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${header}\r\n`, 'utf8'),
    typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
    Buffer.from('\r\n'),
  ]);
}

export function form(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  return Buffer.concat([...parts.map((each) => part(each, boundary)), Buffer.from(`--${boundary}--\r\n`)]);
}

/** Fields as [name, value], in order. */
export function fields(...pairs: readonly (readonly [string, string])[]): Part[] {
  return pairs.map(([name, value]) => ({ name, value }));
}

export const content: Part = { name: 'content', value: FILE, filename: 'allowed-1.0.tar.gz', type: 'application/octet-stream' };

/** The plain upload of the catalogue: project `allowed`, version 1.0, a source archive. */
export const plain: readonly Part[] = [
  ...fields([':action', 'file_upload'], ['name', 'allowed'], ['version', '1.0'], ['filetype', 'sdist'], ['protocol_version', '1']),
  content,
];

/** `plain` with fields replaced, added in front (new names) or left out (undefined). */
export function plainWith(changes: Readonly<Record<string, string | undefined>>, filename?: string): Part[] {
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined || plain.some((each) => each.name === name) ? [] : [{ name, value }],
  );
  const kept = plain.flatMap((each): Part[] => {
    if (each.name === 'content') return [filename === undefined ? each : { ...each, filename }];
    if (!Object.hasOwn(changes, each.name)) return [each];
    const value = changes[each.name];
    return value === undefined ? [] : [{ ...each, value }];
  });
  return [...added, ...kept];
}

export const registry = {
  name: 'pypi',
  protocol: pypi,
  url: new URL('https://pypi.acme.example/acme/prod/'),
  upstream: new URL('http://127.0.0.1:3141/acme/prod/'),
  maxUpload: 64 * 1024 * 1024,
} as unknown as RegistrySettings;

export function head(method: string, path: string, headers: Readonly<Record<string, string>> = {}, query = ''): Head {
  return { method, path, query, headers: new Map(Object.entries(headers)) };
}

export interface Upload {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly settings?: Partial<RegistrySettings>;
}

export type Outcome =
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly when: 'inspect' | 'rebuild'; readonly sent: Buffer }
  | { readonly kind: 'rebuilt'; readonly inspected: Inspected; readonly body: Buffer; readonly digest: FileDigest | undefined };

/** Inspects and rebuilds whole; what was given out before a refusal is in `sent`. */
export async function upload({ body, contentType, headers, settings }: Upload): Promise<Outcome> {
  const type = contentType ?? `multipart/form-data; boundary=${BOUNDARY}`;
  const incoming: Incoming = {
    head: head('POST', '/', { ...(type === '' ? {} : { 'content-type': type }), ...headers }),
    registry: { ...registry, ...settings },
    body: body instanceof Uint8Array ? inPieces(body, body.length) : body,
    publishers: [],
  };
  const inspected = await pypi.inspect(incoming);
  if (isRefusal(inspected)) return { kind: 'refused', refusal: inspected, when: 'inspect', sent: Buffer.alloc(0) };
  if (isChange(inspected)) throw new Error('it is no upload');
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of inspected.rebuild()) chunks.push(Buffer.from(chunk));
  } catch (error) {
    if (error instanceof UploadRefused) return { kind: 'refused', refusal: error.refusal, when: 'rebuild', sent: Buffer.concat(chunks) };
    throw error;
  }
  return { kind: 'rebuilt', inspected, body: Buffer.concat(chunks), digest: inspected.digest() };
}

/** The accepted upload; throws when it was refused. */
export function accepted(outcome: Outcome): Extract<Outcome, { kind: 'rebuilt' }> {
  if (outcome.kind !== 'rebuilt') throw new Error(`refused: ${outcome.refusal.message}`);
  return outcome;
}

/** The refused upload; throws when it was accepted. */
export function refused(outcome: Outcome): Extract<Outcome, { kind: 'refused' }> {
  if (outcome.kind !== 'refused') throw new Error(`accepted ${outcome.inspected.file}`);
  return outcome;
}

/** The decision in one line. */
export function decision(outcome: Outcome): string {
  if (outcome.kind === 'rebuilt') return `accepted ${outcome.digest?.sha256} of ${outcome.digest?.bytes} bytes`;
  return `${outcome.when} ${outcome.refusal.status} ${outcome.refusal.code}: ${outcome.refusal.message}`;
}

/** Inspects only. Throws when the upload is refused. */
export async function inspect(body: AsyncIterable<Uint8Array>, boundary = BOUNDARY): Promise<Inspected> {
  const incoming = {
    head: head('POST', '/', { 'content-type': `multipart/form-data; boundary=${boundary}` }),
    registry,
    body,
    publishers: [],
  };
  const inspected = await pypi.inspect(incoming);
  if (isRefusal(inspected)) throw new UploadRefused(inspected);
  if (isChange(inspected)) throw new Error('it is no upload');
  return inspected;
}

/** The bytes in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The bytes in two pieces. */
export async function* inTwo(bytes: Uint8Array, at: number): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, at);
  yield bytes.subarray(at);
}

/** The boundary of a rebuilt request. */
export function boundaryOf(inspected: Inspected): string {
  return inspected.request.headers['content-type']?.split('boundary=')[1] ?? '';
}

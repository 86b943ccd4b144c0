// Writes the upload anew: same fields in the same order, our own boundary and part heads. The file streams through; the
// closing boundary is given only when all that came after it was checked too (P9).
import { createHash, type Hash } from 'node:crypto';
import { refuse } from '../../core/refusal.ts';
import { UploadRefused, type FileDigest } from '../registry.ts';
import { checkAttestations } from './attestations.ts';
import type { EmbeddedMetadata } from './embedded.ts';
import type { Field, Identity, UploadForm } from './form.ts';
import { malformed, type MultipartReader } from './multipart.ts';

export interface Source {
  /** Stands at the data of `content`. */
  readonly reader: MultipartReader;
  readonly form: UploadForm;
  /** The fields that came before `content`. */
  readonly before: readonly Field[];
  readonly identity: Identity;
  readonly boundary: string;
  /** Follows the file to what it says of itself; not with `check_metadata: false`. */
  readonly embedded: EmbeddedMetadata | undefined;
}

export interface Rebuilt {
  readonly boundary: string;
  /** Once only: the source is read on the way. */
  readonly body: () => AsyncIterable<Uint8Array>;
  readonly digest: () => FileDigest | undefined;
}

/**
 * Digests that are not verified are not passed on. node:crypto has no BLAKE2b of 256 bits; MD5 is computed only for who
 * states it before the file.
 */
function staysBehind(field: Field, file: FileDigests): boolean {
  return field.name === 'blake2_256_digest' || (field.name === 'md5_digest' && !file.hasMd5);
}

/** The rebuilt body of the upload; see `Inspected`. */
export function rebuild(source: Source): Rebuilt {
  let digest: FileDigest | undefined;
  let begun = false;
  async function* body(): AsyncGenerator<Uint8Array, void, void> {
    if (begun) throw new Error('an upload can be rebuilt once only');
    begun = true;
    const { form, identity, boundary } = source;
    const file = new FileDigests(form);
    const parts = (fields: readonly Field[]): Buffer[] =>
      fields.filter((field) => !staysBehind(field, file)).map((field) => part(boundary, field));
    yield Buffer.concat([...parts(source.before), partHead(boundary, 'content', identity.file)]);
    yield* passing(source, file);
    const after = await readAfterFile(source);
    form.complete(identity);
    digest = file.verify(form);
    checkAttestations(form.get('attestations'), identity.distribution, digest.sha256);
    yield Buffer.concat([lineEnd, ...parts(after), Buffer.from(`--${boundary}--\r\n`, 'latin1')]);
  }
  return { boundary: source.boundary, body, digest: () => digest };
}

/** The file itself. What it says of itself is compared while the upstream still waits for the end of its upload. */
async function* passing({ reader, embedded }: Source, file: FileDigests): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of reader.data()) {
      file.update(chunk);
      await embedded?.write(chunk);
      yield chunk;
    }
    await embedded?.check();
  } finally {
    embedded?.destroy();
  }
}

/** Fields behind the file: uv sends attestations there, distutils most of the metadata. */
async function readAfterFile({ reader, form }: Source): Promise<Field[]> {
  const after: Field[] = [];
  for (let head = await reader.next(); head !== undefined; head = await reader.next()) {
    form.count();
    if (head.name === 'content') throw malformed('it has the field content twice');
    after.push(await form.read(head, reader));
  }
  return after;
}

class FileDigests {
  readonly #sha256 = createHash('sha256');
  readonly #md5: Hash | undefined;
  #bytes = 0;

  constructor(form: UploadForm) {
    this.#md5 = form.get('md5_digest') ? createHash('md5') : undefined;
  }

  get hasMd5(): boolean {
    return this.#md5 !== undefined;
  }

  update(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#sha256.update(chunk);
    this.#md5?.update(chunk);
  }

  /** Compares with the digests that the form states; throws `UploadRefused` for one that differs (neither devpi nor pypiserver looks). */
  verify(form: UploadForm): FileDigest {
    if (this.#bytes === 0) throw malformed('its file is empty');
    const sha256 = this.#sha256.digest('hex');
    compare('SHA-256', sha256, form.get('sha256_digest'));
    if (this.#md5 !== undefined) compare('MD5', this.#md5.digest('hex'), form.get('md5_digest'));
    return { sha256, bytes: this.#bytes };
  }
}

/** Fields may be there and empty: some clients send what they do not know as nothing. */
function compare(algorithm: string, actual: string, expected: string | undefined): void {
  if (expected === undefined || expected === '' || expected.toLowerCase() === actual) return;
  throw new UploadRefused(refuse('body-digest', { algorithm, actual, expected }));
}

const lineEnd = Buffer.from('\r\n');

function part(boundary: string, field: Field): Buffer {
  return Buffer.concat([partHead(boundary, field.name, field.filename), field.bytes, lineEnd]);
}

/** Names and file names are of `part-head.ts`'s grammar: nothing in them needs escaping. */
function partHead(boundary: string, name: string, filename?: string): Buffer {
  const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: application/octet-stream`;
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, 'latin1');
}

// The form of an upload while it is read: its fields so far, and the rules between them.
import type { PackageName } from '../../core/package-name.ts';
import { refuse } from '../../core/refusal.ts';
import { UploadRefused } from '../registry.ts';
import { fieldLimit, fieldsLimit, occurrence, partsLimit, type OnceField } from './fields.ts';
import { parseFilename, type Distribution } from './filename.ts';
import { malformed, type MultipartReader } from './multipart.ts';
import { packageName } from './name.ts';
import type { PartHead } from './part-head.ts';
import { parseVersion, type Version } from './version.ts';

/** A field as it goes on: the bytes as received, checked to be UTF-8 where they are text. */
export interface Field {
  readonly name: string;
  readonly filename?: string;
  readonly bytes: Uint8Array;
}

/** What the form says is uploaded. */
export interface Identity {
  readonly name: PackageName;
  readonly version: string;
  readonly file: string;
  readonly distribution: Distribution;
}

/** Every method throws `UploadRefused` for what does not hold. */
export class UploadForm {
  readonly #values = new Map<string, string>();
  #spooled = 0;
  #parts = 0;
  #signature: string | undefined;

  /** The value of a field, or undefined when it has not been there (yet). */
  get(name: OnceField): string | undefined {
    return this.#values.get(name);
  }

  /** Counts a part of any kind. */
  count(): void {
    this.#parts += 1;
    if (this.#parts > partsLimit) throw malformed(`it has more than ${partsLimit} parts`);
  }

  /** Reads the field whose head came last, any part but the file. */
  async read(head: PartHead, reader: MultipartReader): Promise<Field> {
    if (head.filename !== undefined) return this.#readSignature(head.name, head.filename, reader);
    const often = occurrence(head.name);
    if (often === 'never') throw malformed(`it has the field ${head.name}, which is not one of an upload`);
    if (often === 'once' && this.#values.has(head.name)) throw malformed(`it has the field ${head.name} twice`);
    const bytes = await this.#spool(head.name, reader);
    const text = decode(bytes);
    if (text === undefined || text.includes('\0')) throw malformed(`the field ${head.name} is not text in UTF-8`);
    if (often === 'once') this.#values.set(head.name, text);
    return { name: head.name, bytes };
  }

  /** pypiserver stores the signature under its own name: it has to be the file's (MP-61), which `checkSignature` sees to. */
  async #readSignature(name: string, filename: string, reader: MultipartReader): Promise<Field> {
    if (name !== 'gpg_signature') throw malformed(`the part ${name} has a file name; only content and gpg_signature may`);
    if (this.#signature !== undefined) throw malformed('it has the field gpg_signature twice');
    this.#signature = filename;
    return { name, filename, bytes: await this.#spool(name, reader) };
  }

  /** One buffer that grows: a list of pieces would cost a hundred times their bytes when they come one by one. */
  async #spool(name: string, reader: MultipartReader): Promise<Uint8Array> {
    const limit = fieldLimit(name);
    let kept = Buffer.alloc(256);
    let size = 0;
    for await (const chunk of reader.data()) {
      const grown = size + chunk.length;
      this.#spooled += chunk.length;
      if (grown > limit) throw new UploadRefused(refuse('body-too-large', { what: `The field ${name}`, limit }));
      if (this.#spooled > fieldsLimit)
        throw new UploadRefused(refuse('body-too-large', { what: 'The form without its file', limit: fieldsLimit }));
      if (grown > kept.length) kept = Buffer.concat([kept.subarray(0, size)], Math.max(grown, 2 * kept.length));
      kept.set(chunk, size);
      size = grown;
    }
    return kept.subarray(0, size);
  }

  /**
   * What is uploaded, once the head of the file has come. The project is named in `name` (devpi goes by it) and in the file
   * name (pypiserver goes by it alone); the version likewise. All have to agree (P2; PY-01 … PY-08).
   */
  identify(filename: string): Identity {
    for (const field of [':action', 'name', 'version'] as const) {
      if (!this.#values.has(field)) throw malformed(`${field} has to come before content, and does not`);
    }
    if (this.get(':action') !== 'file_upload') throw new UploadRefused(mismatch(':action', this.get(':action'), 'file_upload'));
    const name = packageName(this.get('name') ?? '');
    if (name === undefined) throw malformed(`name is not the name of a project: ${this.get('name')}`);
    const version = parseVersion(this.get('version') ?? '');
    if (version === undefined) throw malformed(`version is not a version of PEP 440: ${this.get('version')}`);
    const parsed = parseFilename(filename);
    if (!parsed.ok) throw malformed(`the file name ${filename} ${parsed.problem}`);
    const { distribution } = parsed;
    if (distribution.project !== name) throw new UploadRefused(mismatch('The project in the file name', distribution.project, name));
    if (distribution.version.key !== version.key) {
      throw new UploadRefused(mismatch('The version in the file name', distribution.version.normal, version.normal));
    }
    return { name, version: version.normal, file: filename, distribution };
  }

  /** The release that a form of pypiserver's `remove_pkg` names; it says that and nothing else. */
  removal(): { readonly name: PackageName; readonly version: Version } | undefined {
    if (this.get(':action') !== 'remove_pkg') return undefined;
    const name = packageName(this.get('name') ?? '');
    const version = parseVersion(this.get('version') ?? '');
    if (name === undefined || version === undefined || this.#values.size !== 3 || this.#parts !== 3)
      throw malformed('remove_pkg needs name and version, and nothing else');
    return { name, version };
  }

  /** The rules that need all fields; after the last part. */
  complete({ file, distribution }: Identity): void {
    this.#checkSignature(file);
    const protocol = this.get('protocol_version');
    if (protocol !== undefined && protocol !== '1') throw new UploadRefused(mismatch('protocol_version', protocol, '1'));
    const filetype = distribution.kind === 'wheel' ? 'bdist_wheel' : 'sdist';
    if (this.get('filetype') !== filetype) throw new UploadRefused(mismatch('filetype', this.get('filetype'), filetype));
    const pyversion = this.get('pyversion') ?? '';
    if (pyversion !== '' && !fits(pyversion, distribution)) {
      throw new UploadRefused(mismatch('pyversion', pyversion, distribution.pythonTags.join('.') || 'source'));
    }
  }

  #checkSignature(file: string): void {
    if (this.#signature === undefined || this.#signature === `${file}.asc`) return;
    throw new UploadRefused(mismatch('The file name of gpg_signature', this.#signature, `${file}.asc`));
  }
}

/** PY-15. distutils writes the interpreter's version (`3.11`) where others write tags of the file name. */
function fits(pyversion: string, { kind, pythonTags }: Distribution): boolean {
  if (kind === 'sdist') return pyversion === 'source';
  return (
    /^\d(?:\.\d+)?$/.test(pyversion) ||
    pyversion
      .toLowerCase()
      .split('.')
      .every((tag) => pythonTags.includes(tag))
  );
}

function mismatch(where: string, actual: string | undefined, expected: string): ReturnType<typeof refuse> {
  return refuse('body-mismatch', { where, actual: actual === undefined || actual === '' ? 'nothing' : actual, expected });
}

/** Strict UTF-8; a byte order mark stays, so that no name or version begins with one unseen. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

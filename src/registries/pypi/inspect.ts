// Reads an upload up to its file and says what it is; `rebuild.ts` goes on from there.
import { randomBytes } from 'node:crypto';
import { isRefusal, refuse, type Refusal } from '../../core/refusal.ts';
import { UploadRefused, type Change, type Incoming, type Inspected } from '../registry.ts';
import { EmbeddedMetadata } from './embedded.ts';
import { UploadForm, type Field, type Identity } from './form.ts';
import { boundaryOf, malformed, MultipartReader } from './multipart.ts';
import { rebuild, type Rebuilt } from './rebuild.ts';
import { yank } from './yank.ts';

/**
 * Inspects an upload (the upload API of PyPI, as twine and others speak it). Everything before the file is read and held,
 * at most 4 MiB; the file and what follows are read by the rebuilt body. Errors of the incoming body are thrown. pypiserver
 * takes the removal of a release at the same address.
 */
export async function inspect(incoming: Incoming): Promise<Inspected | Change | Refusal> {
  const encoding = incoming.head.headers.get('content-encoding');
  if (encoding !== undefined) return refuse('body-encoding', { actual: encoding });
  const boundary = boundaryOf(incoming.head.headers.get('content-type'));
  if (isRefusal(boundary)) return boundary;
  // Before the upstream is given the first of more bytes than it may have.
  const { maxUpload } = incoming.registry;
  if (Number(incoming.head.headers.get('content-length') ?? 0) > maxUpload) return refuse('body-too-large', { limit: maxUpload });
  const reader = new MultipartReader(incoming.body, boundary, maxUpload);
  try {
    const form = new UploadForm();
    const read = await readToFile(reader, form);
    if (read === undefined) return removal(form);
    const { before, identity } = read;
    const embedded = incoming.registry.checkMetadata === true ? new EmbeddedMetadata(identity) : undefined;
    return describe(identity, rebuild({ reader, form, before, identity, boundary: freshBoundary(), embedded }));
  } catch (error) {
    if (error instanceof UploadRefused) return error.refusal;
    throw error;
  }
}

async function readToFile(reader: MultipartReader, form: UploadForm): Promise<{ before: Field[]; identity: Identity } | undefined> {
  const before: Field[] = [];
  for (let head = await reader.next(); head !== undefined; head = await reader.next()) {
    form.count();
    if (head.name === 'content') {
      if (head.filename === undefined) throw malformed('content has no file name');
      return { before, identity: form.identify(head.filename) };
    }
    before.push(await form.read(head, reader));
  }
  return undefined;
}

/** A form without a file asks for nothing that is understood but pypiserver's removal. */
function removal(form: UploadForm): Change {
  const release = form.removal();
  if (release === undefined) throw malformed('it has no content');
  return yank(release.name, release.version);
}

function describe(identity: Identity, rebuilt: Rebuilt): Inspected {
  return {
    name: identity.name,
    version: identity.version,
    file: identity.file,
    tags: [],
    // The upstream URL itself: `/` of pypiserver, `/user/index/` of devpi. The query has no part in it (PTH-23).
    request: { method: 'POST', path: '', headers: { 'content-type': `multipart/form-data; boundary=${rebuilt.boundary}` } },
    rebuild: rebuilt.body,
    digest: rebuilt.digest,
  };
}

/** 144 random bits: nobody can put this boundary into a value beforehand, whatever line ends the upstream accepts (MP-66). */
function freshBoundary(): string {
  return `countersign-${randomBytes(18).toString('hex')}`;
}

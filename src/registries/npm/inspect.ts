// Reads a publish while it is received, checks it whole, and holds ready what goes on in its place.
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { refuse, type Refusal } from '../../core/refusal.ts';
import { UploadRefused, type Change, type Incoming, type Inspected, type UpstreamRequest } from '../registry.ts';
import { announcedLength, contentProblem } from './content.ts';
import { deprecation } from './deprecate.ts';
import { DocumentReader } from './document.ts';
import { pathOf } from './path.ts';
import { checkDocument, checkTarball, fileName, isDeprecation, type Publish } from './publish.ts';
import { rebuild, type Rebuilt } from './rebuild.ts';
import { breakOff, invalid } from '../refused.ts';
import { Tarball, type TarballFacts } from './tarball.ts';

/** Says what an upload is, or why it is refused; `npm deprecate` comes to the same address. Throws only when the body breaks off. */
export async function inspect(incoming: Incoming): Promise<Inspected | Change | Refusal> {
  const refusal = contentProblem(incoming.head) ?? sizeProblem(incoming);
  if (refusal !== undefined) return refusal;
  if (incoming.name === undefined) return refuse('request-path', { problem: 'it names no package' });
  const tarball = new Tarball(announcedLength(incoming.head));
  try {
    const document = await read(incoming, tarball);
    if (isDeprecation(document)) return deprecation(document, incoming.name);
    const publish = checkDocument(document, incoming.name);
    const facts = await tarball.finish();
    checkTarball(publish, facts);
    return inspected(publish, facts, rebuild(publish, facts, incoming));
  } catch (error) {
    if (error instanceof UploadRefused) return error.refusal;
    throw error;
  } finally {
    tarball.destroy();
  }
}

function sizeProblem({ head, registry }: Incoming): Refusal | undefined {
  const length = announcedLength(head);
  return length !== undefined && length > registry.maxUpload ? refuse('body-too-large', { limit: registry.maxUpload }) : undefined;
}

async function read(incoming: Incoming, tarball: Tarball): Promise<JsonObject> {
  const reader = new DocumentReader(failure, onlyData(tarball));
  const { maxUpload } = incoming.registry;
  let received = 0;
  for await (const chunk of incoming.body) {
    received += chunk.length;
    if (received > maxUpload) breakOff('body-too-large', { limit: maxUpload });
    reader.push(chunk);
    await tarball.advance();
  }
  const announced = announcedLength(incoming.head);
  if (announced !== undefined && announced !== received) breakOff('body-incomplete');
  const document = reader.end();
  return isJsonObject(document) ? document : invalid('its JSON is no object');
}

function failure(phrase: string): never {
  return invalid(`its JSON ${phrase}`);
}

/** Leads the text of the one tarball past the JSON, so that it never becomes a JavaScript string. */
function onlyData(tarball: Tarball): (path: readonly string[]) => ((piece: Uint8Array) => void) | undefined {
  let seen = false;
  return ([top, key, field, ...deeper]) => {
    if (top !== '_attachments' || field !== 'data' || deeper.length > 0 || key?.endsWith('.sigstore') === true) return undefined;
    if (seen) invalid('it has more than one tarball');
    seen = true;
    return (piece) => tarball.append(piece);
  };
}

function inspected({ name, version, tags }: Publish, facts: TarballFacts, rebuilt: Rebuilt): Inspected {
  const request: UpstreamRequest = {
    method: 'PUT',
    path: pathOf(name),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
  };
  return {
    name,
    version,
    file: fileName(name, version),
    tags,
    request,
    length: rebuilt.length,
    rebuild: () => pieces(rebuilt),
    digest: () => ({ sha256: facts.sha256, sha512: facts.sha512.toString('hex'), bytes: facts.bytes }),
  };
}

async function* pieces(rebuilt: Rebuilt): AsyncGenerator<Uint8Array> {
  yield* rebuilt.pieces;
}

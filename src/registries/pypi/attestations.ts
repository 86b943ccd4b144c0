// Attestations of an upload (PEP 740): strict JSON, and a statement about this file alone.
import { isJsonObject, own, type Json, type JsonObject } from '../../core/json.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { parseFilename, type Distribution } from './filename.ts';
import { malformed } from './multipart.ts';

const limits = { maxDepth: 16, maxKeys: 20_000 };

/**
 * Throws `UploadRefused` for attestations that two readers could read differently, or whose statement is about another
 * file: an index that stores them serves them as evidence (P2; beside MP-62). Signatures are the reader's to verify.
 * @param text the field `attestations`; absent or empty: there are none
 * @param sha256 of the file, in lower-case hex
 */
export function checkAttestations(text: string | undefined, distribution: Distribution, sha256: string): void {
  if (text === undefined || text === '') return;
  const parsed = parseStrictJson(text, limits);
  if (!parsed.ok) throw malformed(`its attestations are not strict JSON: ${parsed.problem}`);
  const list: Json = parsed.value;
  if (!Array.isArray(list) || !list.every(isJsonObject)) throw malformed('its attestations are not a list of objects');
  for (const attestation of list) {
    const envelope = own(attestation, 'envelope');
    if (envelope !== undefined && !isAbout(subjectsOf(envelope), distribution, sha256))
      throw malformed('the statement of an attestation is not about this file');
  }
}

/** The subjects of the in-toto statement in an envelope; undefined when it is not understood. */
function subjectsOf(envelope: Json): Json | undefined {
  const statement = isJsonObject(envelope) ? own(envelope, 'statement') : undefined;
  if (typeof statement !== 'string') return undefined;
  const bytes = Buffer.from(statement, 'base64');
  if (bytes.toString('base64') !== statement) return undefined;
  const parsed = parseStrictJson(bytes.toString('utf8'), limits);
  return parsed.ok && isJsonObject(parsed.value) ? own(parsed.value, 'subject') : undefined;
}

/** One subject, with this file's name in any spelling of PEP 503 and PEP 440, and its digest. */
function isAbout(subjects: Json | undefined, distribution: Distribution, sha256: string): boolean {
  const [subject, ...others]: readonly Json[] = Array.isArray(subjects) ? subjects : [];
  if (!isJsonObject(subject) || others.length > 0) return false;
  const name = own(subject, 'name');
  const file = typeof name === 'string' ? parseFilename(name) : undefined;
  const digest: Json | JsonObject | undefined = own(subject, 'digest');
  return file?.ok === true && file.distribution.key === distribution.key && isJsonObject(digest) && own(digest, 'sha256') === sha256;
}

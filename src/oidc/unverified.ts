// Takes an identity token apart without believing any of it.
import type { UnverifiedClaims } from '../core/claims.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import { parseStrictJson, type StrictJson } from '../core/strict-json.ts';
import { decodeBase64url } from './base64url.ts';

/** Bytes. Checked before any work; the largest real tokens (GitLab with many groups) have about 5 KB. */
const maxTokenBytes = 16_384;

const limits = { maxDepth: 16, maxKeys: 1000 };

/** With `ignoreBOM` a byte order mark stays in the text, where the parser refuses it (JWT-26). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Header and claims as the sender wrote them. */
export interface UnverifiedToken {
  readonly header: JsonObject;
  readonly claims: UnverifiedClaims;
  /** What the signature is over: header and claims as text. */
  readonly signed: string;
  readonly signature: Buffer;
}

/**
 * Reads a compact JWS (RFC 7515 section 7.1): at most 16 KiB, three parts, canonical base64url, strict JSON objects.
 * A header that is none is `token-malformed`: some other secret was sent. A payload that is none is `token-invalid`
 * (JWT-23, JWT-26). The order keeps the work linear in 16 KiB whatever is sent (JWT-19, JWT-28).
 */
export function readUnverified(token: string): UnverifiedToken | Refusal {
  if (token.length > maxTokenBytes) return refuse('token-too-large', { limit: maxTokenBytes });
  const parts = token.split('.');
  if (parts.length !== 3) return refuse('token-malformed', { problem: `it has ${parts.length} parts separated by dots, not 3` });
  const [first, second, third] = parts.map(decodeBase64url);
  if (first === undefined || second === undefined || third === undefined) {
    return refuse('token-malformed', { problem: 'its parts are not base64url' });
  }
  const header = parseBytes(first);
  if (!header.ok) return refuse('token-malformed', { problem: `its header is not strict JSON (${header.problem})` });
  if (!isJsonObject(header.value)) return refuse('token-malformed', { problem: 'its header is not a JSON object' });
  const payload = parseBytes(second);
  if (!payload.ok) return refuse('token-invalid', { problem: `its claims are not strict JSON (${payload.problem})` });
  if (!isJsonObject(payload.value)) return refuse('token-invalid', { problem: 'its claims are not a JSON object' });
  const signed = token.slice(0, token.lastIndexOf('.'));
  return { header: header.value, claims: { unverified: payload.value }, signed, signature: third };
}

function parseBytes(bytes: Buffer): StrictJson {
  try {
    return parseStrictJson(utf8.decode(bytes), limits);
  } catch {
    return { ok: false, problem: 'not UTF-8' };
  }
}

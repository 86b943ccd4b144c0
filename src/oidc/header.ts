// What the header of an identity token may say. It chooses a key among the issuer's, and nothing else.
import { own, type JsonObject } from '../core/json.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import { keyKindOf } from './jwk.ts';

/** The two header parameters that are used, after the check. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: string;
}

/** Longest `kid`, in UTF-16 units. */
const maxKidLength = 256;

// Each changes what the signature covers or how the payload is read (RFC 7515, RFC 7516, RFC 7797); no CI sends them.
const refusedParameters = ['crit', 'zip', 'cty', 'b64', 'enc'];

/**
 * Checks the header against the issuer's algorithms (RFC 8725 sections 3.1, 3.2, 3.6, 3.11). The algorithm must be on
 * the issuer's list and an asymmetric one that we know, so `none` and HMAC are impossible whatever the list says
 * (JWT-01, JWT-02). `jku`, `jwk`, `x5u`, `x5c` are never looked at (RFC 8725 section 3.10).
 */
export function checkHeader(header: JsonObject, algorithms: readonly string[]): TokenHeader | Refusal {
  const extra = refusedParameters.find((name) => Object.hasOwn(header, name));
  if (extra !== undefined) return invalid(`its header has \`${extra}\``);
  const typ = own(header, 'typ');
  if (typ !== undefined && (typeof typ !== 'string' || !/^jwt$/i.test(typ))) return invalid('its `typ` is not `JWT`');
  const alg = own(header, 'alg');
  if (typeof alg !== 'string' || !algorithms.includes(alg) || keyKindOf(alg) === undefined) {
    return invalid(`it is not signed with ${algorithms.join(' or ')}`);
  }
  const kid = own(header, 'kid');
  if (typeof kid !== 'string' || kid === '' || kid.length > maxKidLength) return invalid('its `kid` does not name a key');
  return { alg, kid };
}

function invalid(problem: string): Refusal {
  return refuse('token-invalid', { problem });
}

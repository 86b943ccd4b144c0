// Checks a mint request before any store sees it: what is wrong here is a bug of ours, and is thrown as one.
import { pack } from './packed.ts';
import { isRecordOf, maxRecordBytes } from './record.ts';
import type { MintRequest } from './store.ts';

/** A request whose numbers are integers and whose record is written out. */
export interface CheckedMint extends MintRequest {
  /** The record, packed. */
  readonly text: string;
}

const sha256 = /^[0-9a-f]{64}$/;
const askedEntry = /^[^\n]+\n[^\n]+$/;

/**
 * A life of zero or less would store nothing and still say OK, and a fraction is an error in the middle of the script:
 * both end as an identity token that can be replayed (finding 8 of the study), so neither reaches a store.
 * @throws RangeError for a request that only a bug can have made; its text names the member, never a value
 */
export function checkMint(request: MintRequest): CheckedMint {
  const text = pack(request.record);
  const right = {
    identity: sha256.test(request.identity),
    tokenHash: sha256.test(request.tokenHash),
    asked: request.asked.length > 0 && request.asked.every((entry) => askedEntry.test(entry)),
    limit: isPositive(request.limit),
    issuedAt: Number.isFinite(request.issuedAt),
    markFor: isPositive(request.markFor),
    keepFor: isPositive(request.keepFor),
    nonce: request.nonce !== '',
    record: Buffer.byteLength(text) <= maxRecordBytes && isRecordOf(request.record, request.tokenHash),
  };
  const wrong = Object.keys(right).filter((member) => !right[member as keyof typeof right]);
  if (wrong.length > 0) throw new RangeError(`a mint request is malformed: ${wrong.join(', ')}`);
  return { ...request, asked: [...new Set(request.asked)], issuedAt: Math.floor(request.issuedAt), text };
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

// What a mint says to the script and understands of its answer; with `record_mac`, whether the mark that it met is authentic.
import { count, used, type Counts } from './counts.ts';
import type { CheckedMint } from './mint-request.ts';
import { notAsked } from './redis-guardian.ts';
import type { Seal } from './seal.ts';
import type { MintResult } from './store.ts';

const results: readonly unknown[] = ['minted', 'used', 'before-epoch'] satisfies MintResult[];

/** The script's arguments from `issuedAt` on. */
export function mintValues(mint: CheckedMint, seal: Seal, mode: 'mint' | 'ask'): string[] {
  const numbers = [mint.issuedAt, mint.limit, mint.markFor, mint.keepFor].map(String);
  const record = seal.close(['token', mint.tokenHash], mint.text);
  const uploads = mint.record.maxUploads === undefined ? '' : String(mint.record.maxUploads);
  return [...numbers, mint.nonce, keptOf(mint, seal), record, uploads, mode, seal.on ? 'sealed' : '', ...mint.asked];
}

/** What the mark keeps of a mint: the token's hash; sealed, also what was asked for, so that counts can be held against it. */
function keptOf({ identity, nonce, tokenHash, asked }: CheckedMint, seal: Seal): string {
  return seal.on ? seal.close(['mark', identity, nonce], `${tokenHash} ${JSON.stringify(asked)}`) : tokenHash;
}

/**
 * The result that the script gave.
 * @throws StoreUnavailable for an answer that is none
 */
export function resultOf(answer: readonly string[]): MintResult {
  const [result] = answer;
  if (!isResult(result)) throw notAsked();
  return result;
}

function isResult(value: unknown): value is MintResult {
  return results.includes(value);
}

/**
 * Whether the mark that a mint met is what this proxy and its replicas made of it: every mint in it has its seal, and they
 * do not amount to the limit already. The counts themselves the script keeps, which has no key.
 */
export function isAuthentic(mint: CheckedMint, seal: Seal, answer: readonly string[]): boolean {
  const counts: Counts = new Map();
  const [, , , ...earlier] = answer;
  for (let i = 0; i + 1 < earlier.length; i += 2) {
    const text = seal.open(['mark', mint.identity, earlier[i] ?? ''], earlier[i + 1] ?? '');
    const asked = text?.slice(text.indexOf(' ') + 1);
    if (asked === undefined) return false;
    for (const entry of JSON.parse(asked) as string[]) count(counts, entry);
  }
  return mint.asked.every((entry) => used(counts, entry) < mint.limit);
}

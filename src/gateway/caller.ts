// Who is asking: the holder of an upload token, somebody with a credential of his own, or nobody.
import type { TokenRecord } from '../core/grant.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import { parseToken } from '../core/upload-token.ts';
import { StoreUnavailable, type Use } from '../store/store.ts';
import type { Call, GatewayRoom } from './room.ts';

/** What actions/setup-node writes into .npmrc when no token is set. */
const placeholder = 'XXXXX-XXXXX-XXXXX-XXXXX';

export type Caller =
  /** `slot`: what of the token's number of uploads this request took. */
  | { readonly kind: 'holder'; readonly record: TokenRecord; readonly hash: string; readonly slot: Use['slot'] }
  /** A well-formed upload token that is not known (any more). */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'placeholder' }
  | { readonly kind: 'none' };

/** Whether the request shows something that is, or was meant to be, an upload token. Asks no store. */
export function showsUploadToken(call: Call): boolean {
  const presented = call.registry.protocol.presented(call.head);
  return (
    presented.kind === 'refused' ||
    (presented.kind === 'text' && (presented.text === placeholder || parseToken(presented.text).kind !== 'foreign'))
  );
}

/**
 * Identifies the caller, with one question to the store. Damaged tokens are refused without it (TOK-02); a store outage is a
 * refusal (P4).
 * @param uploading takes one of the token's uploads where it has a number of them; `upload.ts` gives it back
 */
export async function identify(room: GatewayRoom, call: Call, uploading = false): Promise<Caller | Refusal> {
  const presented = call.registry.protocol.presented(call.head);
  if (presented.kind === 'refused') return presented.refusal;
  if (presented.kind !== 'text') return { kind: presented.kind };
  if (presented.text === placeholder) return { kind: 'placeholder' };
  const parsed = parseToken(presented.text);
  if (parsed.kind === 'damaged') return refuse('upload-token-damaged');
  if (parsed.kind === 'foreign') return { kind: 'foreign' };
  const hash = room.hashToken(parsed.token);
  const found = await (uploading ? room.store.use(hash, call.requestId) : look(room, hash)).catch(outage);
  if (isRefusal(found)) return found;
  // The record decides, not only the store's time to live (TOK-10).
  if (found === undefined || found.record.expires * 1000 <= room.now()) return { kind: 'unknown' };
  return { kind: 'holder', hash, ...found };
}

async function look(room: GatewayRoom, hash: string): Promise<Use | undefined> {
  const record = await room.store.find(hash);
  return record === undefined ? undefined : { record, slot: 'free' };
}

/** A store outage as a refusal; anything else is a bug and goes on up. */
export function outage(error: unknown): Refusal {
  if (error instanceof StoreUnavailable) return refuse('store-unavailable', {}, { detail: error.message });
  throw error;
}

// The audit event of an exchange (P7).
import type { AuditEvent } from '../audit/event.ts';
import type { Issuer } from '../config/configuration.ts';
import { describeConsidered } from '../core/considered.ts';
import type { TokenRecord } from '../core/grant.ts';
import type { Decision } from '../core/match.ts';
import { isRefusal, type Refusal } from '../core/refusal.ts';
import type { DryRun, Minted } from '../registries/registry.ts';
import type { ExchangeCall, ExchangeRoom, Verified } from './exchange.ts';
import { provedIds } from './ids.ts';

/** What was found out, as far as it got. */
export interface Trail {
  verified?: Verified;
  issuer?: Issuer;
  decision?: Decision;
  record?: TokenRecord;
  /** Of the upload token that was minted. */
  tokenHash?: string;
}

export function eventOf(room: ExchangeRoom, call: ExchangeCall, trail: Trail, answer: Minted | DryRun | Refusal): AuditEvent {
  const { verified, issuer, decision, record } = trail;
  const run = record?.run ?? (verified && issuer?.provider.run(verified.claims));
  return {
    event: 'exchange',
    ...call.about,
    policy: room.configuration.revision,
    registry: call.registries.map((registry) => registry.name).join(','),
    ...(call.package === undefined ? {} : { package: call.package }),
    ...(issuer === undefined ? {} : { issuer: issuer.name, provider: issuer.provider.id }),
    ...(verified === undefined ? {} : { identity: verified.identity.slice(0, 12) }),
    ...run,
    ...provedIds(issuer, verified?.claims),
    ...outcomeOf(call, record, answer),
    ...(decision === undefined
      ? {}
      : decision.ok
        ? { publishers: decision.publishers.map((p) => p.name) }
        : { considered: decision.considered.slice(0, 20).map(describeConsidered) }),
  };
}

/** What is only tried says so, whatever would have come of it: a refusal that nobody suffered is none. */
function outcomeOf(
  { dryRun }: ExchangeCall,
  record: TokenRecord | undefined,
  answer: Minted | DryRun | Refusal,
): Pick<AuditEvent, 'outcome' | 'code' | 'message' | 'detail' | 'expires' | 'token'> {
  if (isRefusal(answer)) {
    const detail = answer.detail === undefined ? {} : { detail: answer.detail };
    return { outcome: dryRun === true ? 'dry-run' : 'refused', code: answer.code, message: answer.message, ...detail };
  }
  if ('dryRun' in answer) return { outcome: 'dry-run' };
  return { outcome: 'minted', expires: answer.expires, ...(record === undefined ? {} : { token: record.id }) };
}

// The exchange: an identity token comes in, an upload token or a refusal goes out. One use case behind every dialect.
import type { Audit, AuditEvent, Recorded } from '../audit/event.ts';
import type { Configuration, Issuer } from '../config/configuration.ts';
import { unknownClaims } from '../core/claim-table.ts';
import type { VerifiedClaims } from '../core/claims.ts';
import { match } from '../core/match.ts';
import type { PackageName } from '../core/package-name.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import type { Step } from '../core/step.ts';
import type { DryRun, Minted, RegistrySettings } from '../registries/registry.ts';
import { StoreUnavailable, type Store } from '../store/store.ts';
import type { Limits } from './limits.ts';
import { draft } from './mint.ts';
import { once, type Identity } from './once.ts';
import { eventOf, type Trail } from './record.ts';

/** A token that passed every check of design/3, "The identity token, in order". */
export interface Verified extends Identity {
  readonly claims: VerifiedClaims;
}

export interface ExchangeRoom {
  readonly configuration: Configuration;
  readonly verify: (
    identityToken: string,
    audiences: readonly string[],
    how: (issuer: string) => string | undefined,
  ) => Promise<Verified | Refusal>;
  /** Seconds that `verify` allows past `exp`. */
  readonly leeway: number;
  readonly store: Store;
  readonly audit: Audit;
  readonly recorded: Recorded;
  readonly limits: Limits;
  readonly step: Step;
  /** Told of claims of a verified token that are not in its provider's table. */
  readonly unknownClaims: (provider: string, names: readonly string[]) => void;
  /** Milliseconds. */
  readonly now: () => number;
}

export interface ExchangeCall {
  readonly identityToken: string;
  /** The registries that the endpoint speaks for. */
  readonly registries: readonly RegistrySettings[];
  /** The one package asked for. */
  readonly package?: PackageName;
  /** Says what would come of it; no token, no mark. */
  readonly dryRun?: boolean;
  /** What every audit event of the request says. */
  readonly about: Pick<AuditEvent, 'request' | 'client' | 'address'>;
}

/** Exchanges. Never throws for anything a caller can cause; a store outage is a refusal (P4). */
export async function exchange(room: ExchangeRoom, call: ExchangeCall): Promise<Minted | DryRun | Refusal> {
  const trail: Trail = {};
  const answer = await attempt(room, call, trail);
  room.audit(eventOf(room, call, trail, answer));
  return trail.tokenHash === undefined ? answer : ((await takeBack(room, call, trail, trail.tokenHash)) ?? answer);
}

/** `audit.required`: an upload token of which there is no record is given to nobody (FLT-20). */
async function takeBack(room: ExchangeRoom, call: ExchangeCall, trail: Trail, tokenHash: string): Promise<Refusal | undefined> {
  const unwritten = await room.recorded();
  if (unwritten === undefined) return undefined;
  await room.store.revoke(tokenHash).catch(() => false);
  room.audit(eventOf(room, call, trail, unwritten));
  return unwritten;
}

async function attempt(room: ExchangeRoom, call: ExchangeCall, trail: Trail): Promise<Minted | DryRun | Refusal> {
  const unwritten = await room.recorded();
  if (unwritten !== undefined) return unwritten;

  const audiences = audiencesOf(call.registries);
  const hint = (name: string): string | undefined => room.configuration.issuers.get(name)?.provider.audienceHint?.(audiences[0] ?? '');
  const verified = await room.verify(call.identityToken, audiences, hint);
  if (isRefusal(verified)) return verified;
  trail.verified = verified;

  const issuer = room.configuration.issuers.get(verified.claims.issuer);
  if (issuer === undefined) return refuse('issuer-unknown', { actual: verified.claims.issuer });
  trail.issuer = issuer;
  const unknown = unknownClaims(verified.claims.set, issuer.provider.claims);
  if (unknown.length > 0) room.unknownClaims(issuer.provider.id, unknown);

  const registries = addressed(call.registries, issuer, verified.claims).map((registry) => registry.name);
  const asked = { registries, ...(call.package === undefined ? {} : { package: call.package }) };
  const anchor = issuer.provider.anchorText(verified.claims);
  const decision = room.step('match', () => match(room.configuration.candidates(verified.claims), verified.claims, asked, anchor));
  trail.decision = decision;
  if (!decision.ok) return disclose(call, decision.refusal);
  const burst = room.limits.exchange(room.configuration.server.limits, { publishers: decision.publishers, name: call.package });
  if (burst !== undefined) return burst;

  const now = room.now();
  const drafted = draft(issuer, verified.claims, decision.publishers, decision.grants, now);
  const mark = once(verified, issuer, registries, call.package, room.leeway, now);
  const request = { ...mark, ...pick(drafted) };
  const outcome = await (call.dryRun === true ? room.store.ask(request) : room.store.mint(request)).catch(outage);
  if (isRefusal(outcome)) return outcome;
  if (outcome === 'used') return refuse('token-used', issuer.maxExchanges > 1 ? { times: issuer.maxExchanges } : {});
  if (outcome === 'before-epoch') return refuse('token-before-store', {}, { retryAfter: 1 });
  const { token, record } = drafted;
  if (call.dryRun === true) return { dryRun: true, expiresIn: record.expires - record.minted, grants: record.grants };
  trail.record = record;
  trail.tokenHash = drafted.tokenHash;
  return { token, created: record.minted, expires: record.expires };
}

function pick({
  tokenHash,
  record,
  keepFor,
  nonce,
}: ReturnType<typeof draft>): Pick<ReturnType<typeof draft>, 'tokenHash' | 'record' | 'keepFor' | 'nonce'> {
  return { tokenHash, record, keepFor, nonce };
}

function audiencesOf(registries: readonly RegistrySettings[]): string[] {
  return [...new Set(registries.flatMap((registry) => registry.audiences))];
}

/** The registries that the token's one audience is for: on a shared host, a token for one registry opens no other. */
function addressed(registries: readonly RegistrySettings[], issuer: Issuer, claims: VerifiedClaims): RegistrySettings[] {
  const aud = claims.set['aud'];
  const audience = Array.isArray(aud) ? aud[0] : aud;
  const shared = typeof audience === 'string' && issuer.audiences.includes(audience);
  return registries.filter((registry) => shared || (typeof audience === 'string' && registry.audiences.includes(audience)));
}

/** `refusals: brief` keeps every expected value for the audit record (EXC-12). */
function disclose(call: ExchangeCall, refusal: Refusal): Refusal {
  if (!call.registries.some((registry) => registry.refusals === 'brief')) return refusal;
  return refuse('publisher-brief', { package: call.package }, { detail: `${refusal.code}: ${refusal.message}` });
}

function outage(error: unknown): Refusal {
  if (error instanceof StoreUnavailable) return refuse('store-unavailable', {}, { detail: error.message });
  throw error;
}

// The control plane: exchange endpoints of every dialect, at the host's root and under each registry's URL.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent } from '../audit/event.ts';
import { dryRunOf } from '../core/dry-run.ts';
import { isRefusal, refuse, type Refusal } from '../core/refusal.ts';
import { parseToken } from '../core/upload-token.ts';
import { exchange, type ExchangeRoom } from '../exchange/exchange.ts';
import { leakedEndpoint, revokeReported } from '../exchange/leaked.ts';
import { hashToken } from '../exchange/mint.ts';
import { oauthEndpoint, oauthRefusal } from '../exchange/oauth.ts';
import { send } from '../gateway/answer.ts';
import { noteRefusal } from '../gateway/last-refusal.ts';
import type { DryRun, ExchangeEndpoint, ExchangeRequest, Head, RegistrySettings, Reply } from '../registries/registry.ts';
import { StoreUnavailable } from '../store/store.ts';
import { readBody } from './body.ts';
import type { Found } from './dispatch.ts';

export interface Endpoint {
  readonly endpoint: ExchangeEndpoint;
  readonly registries: readonly RegistrySettings[];
  readonly refused: (refusal: Refusal, requestId: string) => Reply;
}

/**
 * Finds the exchange endpoint of a request. At the root it speaks for every registry of its dialect on the host, because
 * npm, uv and gh-action-pypi-publish drop the registry's path; under a registry's URL for that registry alone.
 */
export function findEndpoint(head: Head, onHost: readonly RegistrySettings[], found: Found | undefined): Endpoint | undefined {
  const below =
    found === undefined || found.registry.url.pathname === '/'
      ? undefined
      : endpointAt({ ...head, path: found.path }, alone(found.registry));
  return effective(head, below ?? endpointAt(head, onHost));
}

/** Who writes `dry_run` where nothing can be tried would be sorry for what happens. */
function effective(head: Head, found: Endpoint | undefined): Endpoint | undefined {
  if (found === undefined || !['revoke', 'leaked'].includes(found.endpoint.kind) || dryRunOf(head.query) === false) return found;
  return {
    ...found,
    endpoint: { kind: 'refused', refusal: refuse('request-invalid', { problem: 'only an exchange can be tried with dry_run' }) },
  };
}

function endpointAt(head: Head, registries: readonly RegistrySettings[]): Endpoint | undefined {
  const own = oauthEndpoint(head, registries) ?? leakedEndpoint(head);
  if (own !== undefined) return { endpoint: own, registries, refused: oauthRefusal };
  for (const { protocol, speaking, urls } of dialectsOf(registries)) {
    const endpoint = protocol.exchange(head, urls);
    if (endpoint !== undefined)
      return { endpoint, registries: speaking, refused: (refusal, id) => protocol.reply(refusal, 'exchange', id) };
  }
  return undefined;
}

interface Dialect {
  readonly protocol: RegistrySettings['protocol'];
  readonly speaking: readonly RegistrySettings[];
  readonly urls: readonly URL[];
}

/** By the registries of a host: every request asks, installs too. */
const dialects = new WeakMap<readonly RegistrySettings[], readonly Dialect[]>();

function dialectsOf(registries: readonly RegistrySettings[]): readonly Dialect[] {
  const known = dialects.get(registries);
  if (known !== undefined) return known;
  const found = [...Map.groupBy(registries, ({ protocol }) => protocol)].map(([protocol, speaking]) => ({
    protocol,
    speaking,
    urls: speaking.map(({ url }) => url),
  }));
  dialects.set(registries, found);
  return found;
}

/** A registry as a list of its own, always the same one. */
const lists = new WeakMap<RegistrySettings, readonly RegistrySettings[]>();

function alone(registry: RegistrySettings): readonly RegistrySettings[] {
  const list = lists.get(registry) ?? [registry];
  lists.set(registry, list);
  return list;
}

export interface ControlCall {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  readonly about: Pick<AuditEvent, 'request' | 'client' | 'address'>;
}

/** Answers a request to an exchange endpoint. */
export async function control(room: ExchangeRoom, found: Endpoint, call: ControlCall): Promise<void> {
  const reply = await respond(room, found, call);
  if (isRefusal(reply)) refuseCall(found, call, reply);
  else send(call.res, reply);
}

function refuseCall(found: Endpoint, call: ControlCall, reply: Refusal): void {
  const rendered = found.refused(reply, call.requestId);
  const allow = found.endpoint.kind === 'refused' && found.endpoint.allow !== undefined ? { allow: found.endpoint.allow } : {};
  send(call.res, { ...rendered, headers: { ...rendered.headers, ...allow } });
}

async function respond(room: ExchangeRoom, { endpoint, registries }: Endpoint, call: ControlCall): Promise<Reply | Refusal> {
  if (endpoint.kind === 'refused') return endpoint.refusal;
  if (endpoint.kind === 'audience') return endpoint.answer(commonAudience(registries));
  const { limits } = room.configuration.server;
  const refused = endpoint.kind === 'mint' ? room.limits.admit(limits, call.about, room.configuration.revision) : undefined;
  if (refused !== undefined) return refused;
  const body = await readBody(call, endpoint.bodyLimit);
  if (isRefusal(body)) return body;
  if (endpoint.kind === 'revoke') return revoke(room, call, endpoint, body);
  if (endpoint.kind === 'leaked') {
    const reports = endpoint.read(body);
    return isRefusal(reports) ? reports : ((await revokeReported(room, call.about, reports)) ?? endpoint.done);
  }
  const asked = endpoint.read(body);
  if (isRefusal(asked)) {
    room.limits.failed(limits, call.about.address);
    return recordUnread(room, call, asked, endpoint.dryRun ? 'dry-run' : 'refused');
  }
  const answer = await exchange(room, {
    identityToken: asked.identityToken,
    registries: narrow(registries, asked),
    ...(asked.package === undefined ? {} : { package: asked.package }),
    dryRun: endpoint.dryRun,
    about: call.about,
  });
  if (!isRefusal(answer)) return 'dryRun' in answer ? tried(answer) : endpoint.minted(answer);
  // An outage of ours is nobody's attack, and whoever reached a publisher's ceiling has proved who he is.
  if (answer.status < 500 && answer.code !== 'too-many') room.limits.failed(limits, call.about.address);
  if (asked.package !== undefined && !endpoint.dryRun)
    await noteRefusal(room.store, { address: call.about.address, name: asked.package }, answer, room.now());
  return answer;
}

/** The one answer of every dialect to an exchange that was tried and would have gone through. */
function tried({ expiresIn, grants }: DryRun): Reply {
  const shown = grants.map(({ registry, publisher, packages }) => ({ registry, publisher, packages }));
  const body = JSON.stringify({ dry_run: true, expires_in: expiresIn, grants: shown });
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body };
}

/** The audience that most of the registries accept: at the root of a host a client is told one for all of them. */
function commonAudience(registries: readonly RegistrySettings[]): string {
  const accepted = (audience: string): number => registries.filter((registry) => registry.audiences.includes(audience)).length;
  return registries
    .map((registry) => registry.audience)
    .reduce((best, audience) => (accepted(audience) > accepted(best) ? audience : best));
}

function narrow(registries: readonly RegistrySettings[], asked: ExchangeRequest): RegistrySettings[] {
  return registries.filter((registry) => asked.registries?.includes(registry.name) ?? true);
}

/** A request that never became an exchange is a decision too (P7). */
function recordUnread(room: ExchangeRoom, call: ControlCall, refusal: Refusal, outcome: 'refused' | 'dry-run'): Refusal {
  room.audit({
    event: 'exchange',
    outcome,
    ...call.about,
    policy: room.configuration.revision,
    code: refusal.code,
    message: refusal.message,
  });
  return refusal;
}

/** Revocation says the same for a token that was live, was not, or never existed (RFC 7009 2.2). */
async function revoke(
  room: ExchangeRoom,
  call: ControlCall,
  endpoint: Extract<ExchangeEndpoint, { kind: 'revoke' }>,
  body: Uint8Array,
): Promise<Reply | Refusal> {
  const asked = endpoint.read(body);
  if (isRefusal(asked)) return asked;
  const parsed = parseToken(asked.token);
  if (parsed.kind !== 'token') return endpoint.done;
  const hash = hashToken(parsed.token);
  try {
    if (await room.store.revoke(hash)) {
      room.audit({ event: 'revoke', outcome: 'revoked', ...call.about, policy: room.configuration.revision, token: hash.slice(0, 12) });
    }
    return endpoint.done;
  } catch (error) {
    if (error instanceof StoreUnavailable) return refuse('store-unavailable', {}, { detail: error.message });
    throw error;
  }
}

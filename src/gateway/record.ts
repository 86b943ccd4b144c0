// The audit events of the gateway (P7).
import type { AuditEvent } from '../audit/event.ts';
import type { TokenRecord } from '../core/grant.ts';
import { isRefusal, type Refusal } from '../core/refusal.ts';
import type { Inspected, Reply } from '../registries/registry.ts';
import type { Authorised } from './authorise.ts';
import type { Call, GatewayRoom } from './room.ts';

/** What became known of an upload, as far as it got. */
export interface Trail {
  readonly record: TokenRecord;
  inspected?: Inspected;
  permit?: Authorised;
  upstreamStatus?: number;
}

/** Fields that every event about this call has. */
export function about(
  room: GatewayRoom,
  call: Call,
): Pick<AuditEvent, 'request' | 'client' | 'address' | 'registry' | 'policy' | 'milliseconds'> {
  return { ...call.about, registry: call.registry.name, policy: room.configuration.revision, milliseconds: room.now() - call.started };
}

/** Fields of the token that was used. */
export function ofToken(room: GatewayRoom, record: TokenRecord): Partial<AuditEvent> {
  const provider = room.configuration.issuers.get(record.issuer)?.provider.id;
  return { token: record.id, issuer: record.issuer, ...(provider === undefined ? {} : { provider }), ...record.run };
}

export function ofRefusal(refusal: Refusal): Partial<AuditEvent> {
  return { code: refusal.code, message: refusal.message, ...(refusal.detail === undefined ? {} : { detail: refusal.detail }) };
}

/** Written before the upstream gets the first byte: whatever becomes of this process, it is known what it was about (SEC-14). */
export function recordForwarding(room: GatewayRoom, call: Call, record: TokenRecord, permit: Authorised, what: Partial<AuditEvent>): void {
  room.audit({
    event: 'upload',
    outcome: 'forwarding',
    ...about(room, call),
    ...ofToken(room, record),
    publishers: permit.publishers.map((publisher) => publisher.name),
    ...what,
  });
}

export function recordUpload(room: GatewayRoom, call: Call, trail: Trail, answer: Reply | Refusal): void {
  const { inspected, permit, upstreamStatus } = trail;
  const digest = inspected?.digest();
  room.audit({
    event: 'upload',
    outcome: isRefusal(answer) ? outcomeOf(answer, upstreamStatus) : 'uploaded',
    ...about(room, call),
    ...ofToken(room, trail.record),
    ...(inspected === undefined ? {} : { package: inspected.name, version: inspected.version, file: inspected.file }),
    ...(digest === undefined ? {} : { sha256: digest.sha256, bytes: digest.bytes }),
    ...(permit === undefined ? {} : { publishers: permit.publishers.map((publisher) => publisher.name) }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
    ...(isRefusal(answer) ? ofRefusal(answer) : {}),
  });
}

/** `upstream-unknown`: bytes were sent and no answer came, so nobody knows what the upstream has (RSP-17). */
export function outcomeOf(refusal: Refusal, upstreamStatus: number | undefined): AuditEvent['outcome'] {
  if (upstreamStatus !== undefined) return 'upstream-refused';
  return refusal.code === 'upstream-timeout' || refusal.code === 'upstream-broken' ? 'upstream-unknown' : 'refused';
}

// Asks the upstream what it has already, before a byte of an upload is sent.
import type { PackageName } from '../core/package-name.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { Existing } from '../registries/registry.ts';
import type { Authorised } from './authorise.ts';
import { CredentialUnavailable } from './credential.ts';
import type { Call, GatewayRoom } from './room.ts';

/** Looks the package and the file up. An upstream that cannot say is an outage, not a "no" (P4). */
export async function lookUp(
  room: GatewayRoom,
  call: Call,
  permit: Authorised,
  what: { readonly name: PackageName; readonly version: string; readonly file: string },
): Promise<Existing | Refusal> {
  const { registry } = call;
  try {
    return await registry.protocol.existing(async (path, headers) => room.forward.probe(permit, registry, path, headers), registry, what);
  } catch (error) {
    return unanswered(error);
  }
}

/** What it means that a question to the upstream was not answered. */
export function unanswered(error: unknown): Refusal {
  const code = error instanceof CredentialUnavailable ? error.code : 'upstream-unreachable';
  return refuse(code, {}, { detail: error instanceof Error ? error.message : 'unknown failure' });
}

/** Refuses what is there already (rule 12 of design/3). */
export function refuseExisting(
  call: Call,
  existing: Existing,
  what: { readonly name: PackageName; readonly version: string; readonly file: string },
): Refusal | undefined {
  if (existing !== 'exists' || !call.registry.immutable) return undefined;
  return refuse('upload-exists', { what: call.registry.protocol.id === 'npm' ? `${what.name}@${what.version}` : what.file });
}

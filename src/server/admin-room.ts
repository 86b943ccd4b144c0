// What the admin side is given: the record, the live configuration, and how this process is.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createAttempts } from '../admin/attempts.ts';
import type { AdminRoom, Status, Tools } from '../admin/scene.ts';
import type { AuditStore } from '../audit/store.ts';
import { overlap } from '../config/compile/overlap.ts';
import type { Configuration } from '../config/configuration.ts';
import type { LoginSettings } from '../core/settings.ts';
import { createRelyingParty, type RelyingParty } from '../oidc/relying-party.ts';
import type { KeyStatus } from '../oidc/verify.ts';
import type { Store } from '../store/store.ts';
import type { ServerLog } from './server.ts';

export interface AdminRoomParts {
  readonly configuration: () => Configuration;
  readonly policyProblem: () => string | undefined;
  readonly issuers: () => readonly KeyStatus[];
  readonly store: Pick<Store, 'problem'>;
  readonly auditProblem: () => string | undefined;
  readonly auditStore: AuditStore;
  readonly tools: Omit<Tools, 'overlap'>;
  readonly log: ServerLog;
  readonly version: string;
  readonly now: () => number;
}

export function adminRoom(parts: AdminRoomParts): AdminRoom {
  const { configuration, auditStore, tools, log, version, now } = parts;
  const started = now();
  const parties = partyKeeper(now);
  return {
    access: () => configuration().server.admin,
    audit: auditStore,
    configuration,
    status: () => statusOf(parts, started),
    tools: { ...tools, overlap },
    attempts: createAttempts(() => performance.now()),
    provider: () => parties(configuration().server.admin.login),
    told: (fields, message) => log.info(fields, message),
    version,
    now,
  };
}

async function statusOf(parts: AdminRoomParts, started: number): Promise<Status> {
  const { server, store, audit } = parts.configuration();
  const [problem, unwritten, policyProblem] = [await parts.store.problem(), parts.auditProblem(), parts.policyProblem()];
  return {
    started,
    store: { kind: store.kind, ...(problem === undefined ? {} : { problem }) },
    audit: { required: audit.required, ...(unwritten === undefined ? {} : { problem: unwritten }) },
    issuers: parts.issuers(),
    ...(policyProblem === undefined ? {} : { policyProblem }),
    ...(server.tls === undefined ? {} : { certificate: certificateOf(server.tls.certFile) }),
  };
}

/** The one that the file has; connections get it as soon as it was seen. */
function certificateOf(file: string): NonNullable<Status['certificate']> {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    const names = certificate.subjectAltName?.replaceAll(/(?:DNS|IP Address):/g, '') ?? certificate.subject;
    return { names, validTo: Date.parse(certificate.validTo) };
  } catch {
    return { problem: 'Its file cannot be read, or holds no certificate.' };
  }
}

/** The provider as it is configured now; with other settings it begins anew. */
function partyKeeper(now: () => number): (settings: LoginSettings | undefined) => RelyingParty | undefined {
  let kept: { readonly settings: LoginSettings; readonly party: RelyingParty } | undefined;
  return (settings) => {
    if (settings === kept?.settings) return kept?.party;
    kept?.party.close();
    kept = settings === undefined ? undefined : { settings, party: createRelyingParty(settings, now) };
    return kept?.party;
  };
}

// Every field, event and outcome of an audit line: what it says and how long it may be. docs/audit.md is generated from
// these tables, and their types fail to compile when audit/event.ts has a field that they have not.
import type { AuditEvent, Outcome } from './event.ts';

/** The version of the line's format, its field `v`. Fields are added without a new version; meanings never change. */
export const auditVersion = 1;

export interface AuditField {
  readonly type: 'text' | 'number' | 'texts';
  /** What it says, for docs/audit.md. */
  readonly says: string;
  /** Characters kept of a text, or of each of the texts; 256 unless said. */
  readonly limit?: number;
  /** Entries kept of a list; 50 unless said. */
  readonly entries?: number;
}

export const auditFields: Readonly<Record<keyof AuditEvent, AuditField>> = {
  event: { type: 'text', says: 'What was asked for or happened; the table below lists the values.' },
  outcome: { type: 'text', says: 'How it ended; the table below lists the values.' },
  request: { type: 'text', says: 'Request id: also in the answer, so that a developer can quote it.' },
  code: { type: 'text', says: 'Code of the refusal: docs/refusals.md.' },
  message: { type: 'text', limit: 600, says: 'The sentence that the caller saw.' },
  detail: { type: 'text', limit: 1000, says: 'What the caller did not see.' },
  registry: { type: 'text', says: 'Name of the registry in the configuration; several are separated by commas.' },
  package: { type: 'text', says: 'Package or project, in its canonical form.' },
  version: { type: 'text', says: 'Version that the upload says it is.' },
  file: { type: 'text', says: 'Name of the distribution file.' },
  sha256: { type: 'text', says: 'SHA-256 of the distribution file, in hex.' },
  bytes: { type: 'number', says: 'Size of the distribution file.' },
  publishers: { type: 'texts', says: 'Trusted publishers that granted it.' },
  issuer: { type: 'text', says: 'Name of the issuer in the configuration.' },
  provider: { type: 'text', says: 'Kind of CI behind the issuer.' },
  anchor: { type: 'text', says: 'Repository, project or other anchor that the identity token proved.' },
  ids: {
    type: 'texts',
    entries: 10,
    says: 'Ids behind the anchor that the identity token proved, as a policy writes them: `repository_id 4711`. `countersign pin` reads them.',
  },
  actor: { type: 'text', says: 'Who started the run, as the identity token says it.' },
  commit: { type: 'text', says: 'Commit of the run.' },
  ref: { type: 'text', says: 'Full git ref of the run.' },
  workflow: { type: 'text', says: 'Workflow or CI file of the run.' },
  environment: { type: 'text', says: 'Deployment environment of the job.' },
  run: { type: 'text', says: 'Id of the run at its CI.' },
  runUrl: { type: 'text', limit: 1000, says: 'Link to the run.' },
  token: { type: 'text', limit: 12, says: 'First 12 hex digits of the SHA-256 of the upload token: ties uploads to their exchange.' },
  identity: { type: 'text', limit: 12, says: 'First 12 hex digits of the SHA-256 that names the identity token.' },
  expires: { type: 'number', says: 'When the upload token ends, in Unix seconds.' },
  client: { type: 'text', says: 'User-Agent of the request.' },
  address: { type: 'text', says: 'Address of the client, after `trusted_proxies`.' },
  upstreamStatus: { type: 'number', says: 'HTTP status that the upstream answered.' },
  milliseconds: { type: 'number', says: 'How long the request took.' },
  policy: { type: 'text', says: 'Revision of the policy that decided.' },
  considered: {
    type: 'texts',
    limit: 400,
    entries: 20,
    says: 'For each publisher considered, the fields that differed: `ui-release: workflow expected release.yml got build.yml`.',
  },
  sample: {
    type: 'text',
    limit: 40,
    says: 'The record is made up, by what it says: `npm run demo -- --history`. Never in one of a proxy at work.',
  },
};

/** What every audit line has beside the event's own fields. */
export const lineFields = {
  level: 'Always `info`.',
  time: 'When it was written, ISO 8601 in UTC.',
  pid: 'Process that wrote it.',
  audit: 'Always `true`: what tells audit lines from other lines of the log.',
  v: `Version of this format: ${auditVersion}.`,
  id: 'Names the record: the same here, in the API and in webhooks.',
} as const;

export const auditOutcomes: Readonly<Record<Outcome, string>> = {
  minted: 'An identity token was exchanged for an upload token.',
  refused: 'Countersign refused; `code`, `message` and `considered` say why.',
  'dry-run': 'An exchange was tried without effect (`?dry_run=1`); with a `code`, it would have been refused.',
  forwarding: 'It was authorised and is about to be sent to the upstream; how that ended is in another line of the same `request`.',
  uploaded: 'The upstream confirmed the upload.',
  'upstream-refused': 'The upload was authorised and forwarded, and the upstream refused it.',
  'upstream-unknown': 'The upload was forwarded, but no clear answer came: look whether the version is there.',
  changed: 'A dist-tag was changed with an upload token.',
  revoked: 'An upload token was given back or revoked.',
  reloaded: 'The policy files changed and the new policy is in force.',
  'reload-failed': 'The policy files changed and are not valid: the old policy stays in force.',
  'long-lived': 'A write with a long-lived token was passed through, and the upstream took it.',
  started: 'The process started.',
  stopped: 'The process stopped in order.',
};

export const auditEvents: Readonly<Record<AuditEvent['event'], string>> = {
  request: 'A write whose head, host or address was refused before it was known what it is for; sampled.',
  exchange: 'An identity token was shown to get an upload token.',
  upload: 'A distribution file or a version was sent.',
  manage: 'A change other than an upload, such as a dist-tag.',
  revoke: 'An upload token was given back, or reported as leaked.',
  'pass-through': "A write with the client's own credential.",
  policy: 'The policy was read again.',
  process: 'The process started or stopped.',
};

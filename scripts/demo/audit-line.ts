// One audit event as one line for a person.
import type { AuditEvent } from '../../src/audit/event.ts';
import { paint } from './page.ts';

const BAD = new Set(['refused', 'upstream-refused', 'upstream-unknown', 'reload-failed']);

/** `upload uploaded: @acme/ui 1.0.0 from acme/ui (release.yml, refs/tags/v1.0.0), token 5d41402abc4b, sha256 3f1c9d7e5b2a…`. */
export function auditLine(event: AuditEvent): string {
  const bad = BAD.has(event.outcome);
  const what = paint(bad ? 'red' : 'green', `${event.event} ${event.outcome}`);
  const says = [`${subject(event)}${origin(event)}`.trim(), ...(bad ? reason(event) : facts(event))].filter((part) => part !== '');
  return says.length === 0 ? what : `${what}: ${says.join(', ')}`;
}

function subject(event: AuditEvent): string {
  return [event.package, event.version].filter((part) => part !== undefined).join(' ');
}

function origin({ anchor, workflow, ref }: AuditEvent): string {
  if (anchor === undefined) return '';
  const where = [workflow, ref].filter((part) => part !== undefined).join(', ');
  return ` from ${anchor}${where === '' ? '' : ` (${where})`}`;
}

function reason({ code, detail }: AuditEvent): string[] {
  return [code ?? detail ?? ''];
}

function facts(event: AuditEvent): string[] {
  return [
    event.outcome === 'long-lived' ? (event.detail ?? '') : '',
    event.outcome === 'minted' ? `publisher ${event.publishers?.join(', ')}` : '',
    event.token === undefined ? '' : `token ${event.token}`,
    event.sha256 === undefined ? '' : `sha256 ${event.sha256.slice(0, 12)}…`,
  ];
}

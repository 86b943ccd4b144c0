// `GET /-/provenance/<registry>/<package>/<version>[/<file>]`: which commit and run a published version came from, for everybody.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { originOf, type VersionName } from '../audit/origin.ts';
import { AuditUnavailable, type AuditStore } from '../audit/store.ts';
import { send } from '../gateway/answer.ts';
import type { Head, RegistrySettings, Reply } from '../registries/registry.ts';

const prefix = '/-/provenance/';
/** Seconds for which anybody may keep an answer: a version of a project may get further files. */
const maxAge = 300;

/** What a path asks for. */
export interface Asked extends VersionName {
  readonly file?: string;
}

/**
 * What the request asks for, or undefined when it is not for this endpoint: on a host where no registry tells, the path is
 * one like any other and belongs to the upstream. `null`: it is for this endpoint, and names nothing that could be told.
 */
export function provenanceAsked(head: Head, onHost: readonly RegistrySettings[]): Asked | null | undefined {
  if ((head.method !== 'GET' && head.method !== 'HEAD') || !head.path.startsWith(prefix)) return undefined;
  const telling = onHost.filter((registry) => registry.provenance);
  if (telling.length === 0) return undefined;
  const segments = head.path.slice(prefix.length).split('/').map(decoded);
  if (segments.some((segment) => segment === undefined)) return null;
  const [name, ...rest] = segments as string[];
  const registry = telling.find((one) => one.name === name);
  // `@acme/ui` is two segments, unless its slash is written `%2f`.
  const scoped = rest[0]?.startsWith('@') === true && !rest[0].includes('/');
  const [packageText = '', version, file, ...more] = scoped ? [`${rest[0]}/${rest[1] ?? ''}`, ...rest.slice(2)] : rest;
  const packageName = registry?.protocol.packageName(packageText);
  if (registry === undefined || packageName === undefined || version === undefined || more.length > 0) return null;
  return { registry: registry.name, package: packageName, version, ...(file === undefined ? {} : { file }) };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Answers. Unknown, not ours, and not told are one answer: a private package is not given away by the difference. */
export async function provenance(store: AuditStore, asked: Asked | null, req: IncomingMessage, res: ServerResponse): Promise<void> {
  send(res, await answer(store, asked, req.headers['if-none-match']));
}

async function answer(store: AuditStore, asked: Asked | null, known: string | undefined): Promise<Reply> {
  try {
    const origin = asked === null ? undefined : await originOf(store, asked);
    const files = origin?.files.filter(({ file }) => asked?.file === undefined || asked.file === file) ?? [];
    if (origin === undefined || files.length === 0) return problem(404, 'Not known', 'No provenance is known of this version here.');
    const { registry, package: name, version } = origin;
    const body = `${JSON.stringify({ registry, package: name, version, files })}\n`;
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const headers = { ...always, 'content-type': 'application/json', 'cache-control': `public, max-age=${maxAge}`, etag };
    return { status: matches(known, etag) ? 304 : 200, headers, body };
  } catch (error) {
    if (!(error instanceof AuditUnavailable)) throw error;
    return problem(503, 'Record unreachable', 'The record cannot be asked at the moment; try again later.', { 'retry-after': '5' });
  }
}

const always = { 'x-content-type-options': 'nosniff' } as const;

function problem(status: number, title: string, detail: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const body = JSON.stringify({ title, status, detail });
  return { status, headers: { ...always, 'content-type': 'application/problem+json', ...headers }, body };
}

/** `If-None-Match` (RFC 9110 13.1.2): weak comparison. */
function matches(known: string | undefined, etag: string): boolean {
  return (
    known
      ?.split(',')
      .map((one) => one.trim().replace(/^W\//, ''))
      .some((one) => one === etag || one === '*') ?? false
  );
}

// `GET /api/v1/events`: audit records by filter, newest first, a page at a time.
import { collectPage } from '../audit/page.ts';
import { readQuery } from '../audit/query.ts';
import type { AuditStore } from '../audit/store.ts';
import { toCsv } from './csv.ts';
import { header, json, problem, type AdminReply, type AdminRequest } from './reply.ts';

/** Answers with `{ events, next }`, or with CSV when it is asked for; the next page is in `Link` too (RFC 8288). */
export async function events(store: AuditStore, request: AdminRequest): Promise<AdminReply> {
  const parameters = new URLSearchParams(request.query);
  const format = parameters.get('format') ?? (acceptsCsv(request) ? 'csv' : 'json');
  parameters.delete('format');
  if (format !== 'csv' && format !== 'json') return problem(400, 'Question not understood', 'format is neither json nor csv.');
  const query = readQuery(parameters);
  if ('problem' in query) return problem(400, 'Question not understood', `${query.problem}.`);
  const page = await collectPage(store, query);
  const link = page.next === null ? undefined : `<${request.path}?${withCursor(request.query, page.next)}>; rel="next"`;
  const headers = { vary: 'accept', ...(link === undefined ? {} : { link }) };
  if (format === 'json') return json(200, page, headers);
  const type = 'text/csv; charset=utf-8; header=present';
  return {
    status: 200,
    headers: { ...headers, 'content-type': type, 'content-disposition': 'attachment; filename="audit.csv"' },
    body: toCsv(page.events),
  };
}

/** Whoever accepts JSON as well, a browser for instance, gets JSON. */
function acceptsCsv(request: AdminRequest): boolean {
  const accept = header(request, 'accept') ?? '';
  return /\btext\/csv\b/i.test(accept) && !/\bapplication\/json\b|\*\/\*/i.test(accept);
}

function withCursor(query: URLSearchParams, cursor: string): string {
  const next = new URLSearchParams(query);
  next.set('cursor', cursor);
  return next.toString();
}

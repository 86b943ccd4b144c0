// An admin listener that answers `GET /api/v1/events` with audit records, as the running proxy does: filters, pages, a token.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAdmin {
  /** `host:port` */
  readonly address: string;
  /** The queries that came, and the Authorization header of each. */
  readonly asked: readonly { readonly query: string; readonly authorization: string | undefined }[];
  readonly close: () => Promise<void>;
}

export interface AdminOptions {
  readonly token?: string;
  /** Records of a page. */
  readonly page?: number;
}

/** Starts it with these records, oldest first; it answers newest first. */
export async function startFakeAdmin(
  records: readonly Record<string, unknown>[],
  { token, page = 50 }: AdminOptions = {},
): Promise<FakeAdmin> {
  const asked: { query: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://admin');
    asked.push({ query: url.search, authorization: request.headers.authorization });
    const answer = (status: number, body: object): void => {
      response
        .writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' })
        .end(JSON.stringify(body));
    };
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return answer(401, { detail: 'Show the admin token.' });
    if (url.pathname !== '/api/v1/events') return answer(404, { detail: 'Nothing here.' });
    const { cursor = '0', ...filters } = Object.fromEntries(url.searchParams);
    const found = records.toReversed().filter((record) => Object.entries(filters).every(([field, value]) => record[field] === value));
    const from = Number(cursor);
    const events = found.slice(from, from + page).map((record, i) => ({ id: `record-${from + i}`, ...record }));
    return answer(200, { events, next: from + page < found.length ? String(from + page) : null });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

// Questions to the admin side as a browser or curl puts them.
import type { AdminRequest } from '../../src/admin/reply.ts';

/** A request for this target from this machine. */
export function asked(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  change: Partial<AdminRequest> = {},
): AdminRequest {
  const [path = '', query = ''] = target.split('?');
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { host: '127.0.0.1:9090', ...headers },
    peer: { network: '127.0.0.1', trusted: false, secure: false },
    form: async () => undefined,
    ...change,
  };
}

/** A form that a page of the dashboard sends. */
export function posted(
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): AdminRequest {
  return asked(path, { origin: 'http://127.0.0.1:9090', 'sec-fetch-site': 'same-origin', ...headers }, 'POST', {
    form: async () => new URLSearchParams(fields),
  });
}

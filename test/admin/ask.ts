// Questions to the admin side as a browser or curl puts them.
import type { AdminRequest } from '../../src/admin/reply.ts';

/** A request for this target from this machine. */
export function asked(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): AdminRequest {
  const [path = '', query = ''] = target.split('?');
  return { method, path, query: new URLSearchParams(query), headers: { host: '127.0.0.1:9090', ...headers } };
}

// Health on the admin listener: `/healthz` says that the process lives, `/readyz` whether it can do its work.
import type { IncomingMessage } from 'node:http';
import type { Reply } from '../registries/registry.ts';

export interface Health {
  /** Undefined when well, else a sentence. Never throws. */
  readonly store: () => Promise<string | undefined>;
  readonly issuers: () => readonly { readonly name: string; readonly problem?: string }[];
  /** The record, and whether nothing is done without it. */
  readonly audit: () => { readonly problem?: string; readonly required: boolean };
  readonly stopping: () => boolean;
  readonly revision: () => string;
  /** Why the policy on disk is not the one in force. */
  readonly policyProblem: () => string | undefined;
  readonly version: string;
}

/** The answer to a request for health, undefined when it is for something else. Probes show no token: nobody is asked for one. */
export async function health(parts: Health, req: IncomingMessage): Promise<Reply | undefined> {
  if (req.url !== '/healthz' && req.url !== '/readyz') return undefined;
  if (req.method !== 'GET' && req.method !== 'HEAD') return reply(405, { status: 'method not allowed' });
  if (req.url === '/healthz') return reply(200, { status: 'ok', version: parts.version });
  const store = await parts.store();
  const stopping = parts.stopping();
  // An issuer that is away only stops its own exchanges; it does not make the replica unfit (JWK-18).
  const issuers = Object.fromEntries(parts.issuers().map(({ name, problem }) => [name, problem ?? 'ok']));
  const { problem: unwritten, required } = parts.audit();
  const ready = store === undefined && !stopping && !(required && unwritten !== undefined);
  // The policy before is in force and good: a broken file must not take every replica out of service at once (FLT-22).
  const problem = parts.policyProblem();
  const policy = { policy: parts.revision(), ...(problem === undefined ? {} : { policy_problem: problem }) };
  return reply(ready ? 200 : 503, {
    status: ready ? 'ready' : 'not ready',
    store: store ?? 'ok',
    audit: unwritten ?? 'ok',
    issuers,
    stopping,
    ...policy,
  });
}

function reply(status: number, body: object): Reply {
  return { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: `${JSON.stringify(body)}\n` };
}

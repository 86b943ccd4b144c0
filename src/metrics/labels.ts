// The labels of metrics.ts and their values.

/**
 * Every label, and what bounds the number of its values (DOS-15): a list of ours, or names of the policy. None holds a
 * package, a repository, a path, an address or a token (SEC-17).
 */
export const labels = {
  listener: { says: 'Which listener it came to.', values: ['public', 'admin'] },
  registry: { says: 'Name of the registry in the policy; `*` for an exchange that speaks for several, `-` for none.' },
  route: {
    says: 'What the request was; on the admin listener its page; `-` where it came to none of these.',
    values: [
      'read',
      'upload',
      'manage',
      'policy',
      'trust',
      'write',
      'local',
      'revoke',
      'refused',
      'exchange',
      'audience',
      'leaked',
      'provenance',
      'healthz',
      'readyz',
      'metrics',
      'api',
      'dashboard',
      '-',
    ],
  },
  status: {
    says: "Class of the answer's status. `aborted`: a client was gone before the end of its answer, or we broke a request to an upstream off; `unreachable`, `timeout` and `broken`: an upstream gave no whole answer.",
    values: ['1xx', '2xx', '3xx', '4xx', '5xx', 'aborted', 'unreachable', 'timeout', 'broken'],
  },
  provider: { says: 'Kind of CI behind the issuer; `-` where the identity token was refused before its issuer was known.' },
  issuer: { says: 'Name of the issuer in the policy.' },
  publisher: { says: 'Name of the publisher in the policy; `*` for all beyond the first 2000.' },
  outcome: { says: 'As in the audit record ([audit.md](audit.md)); of key fetches and reloads `success` or `failure`.' },
  code: { says: 'Code of the refusal ([refusals.md](refusals.md)); `-` for none.' },
  verdict: {
    says: '`refused`: as `long_lived_tokens` says; `trusted-only`: refused because the package is under `trusted_only`; `upstream-refused`: let through, and the upstream took it not, or gave no answer.',
    values: ['allowed', 'warned', 'refused', 'trusted-only', 'upstream-refused'],
  },
  change: { says: 'What became of the token.', values: ['minted', 'revoked'] },
  purpose: {
    says: 'Why the upstream was asked. `lookup`: what exists; `read`: with the service credential; `long-lived`: an upload with a long-lived token that was read and rebuilt.',
    values: ['pass-through', 'upload', 'lookup', 'read', 'login', 'long-lived'],
  },
  limit: {
    says: 'Key of the limit in the policy.',
    values: ['refused_exchanges', 'packages_per_minute', 'exchanges_per_package', 'requests', 'connections', 'max_concurrent_uploads'],
  },
  store: { says: 'Kind of store.', values: ['memory', 'redis'] },
  command: {
    says: 'What the store was asked.',
    values: ['mint', 'ask', 'find', 'use', 'release', 'revoke', 'remember', 'recall', 'problem'],
  },
  class: {
    says: 'Why the store could not answer.',
    values: [
      'unreachable',
      'timeout',
      'authentication',
      'permission',
      'readonly',
      'loading',
      'busy',
      'replication',
      'cluster',
      'memory',
      'disk',
      'eviction',
      'type',
      'tls',
      'closed',
      'other',
    ],
  },
  sink: {
    says: 'Where the record goes: the log, a file, the store that can be asked, webhooks.',
    values: ['log', 'file', 'store', 'webhook'],
  },
  revision: { says: 'Revision of the policy in force: only that one has a series.' },
  version: { says: 'Version of Countersign.' },
  node: { says: 'Version of Node.' },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly values?: readonly string[] }>>;

export type Label = keyof typeof labels;
/** What the label may be: one of its list, where it has one. */
export type Value<Of extends Label> = (typeof labels)[Of] extends { readonly values: readonly (infer One extends string)[] } ? One : string;

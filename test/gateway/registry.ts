// A registry as configured, for tests of what lies below the protocols.
import type { Registry, RegistrySettings } from '../../src/registries/registry.ts';

function unused(): never {
  throw new Error('not part of this test');
}

/** Answers refusals as `code: message`; everything else of a protocol is of no use here and throws. */
export function plainProtocol(id: 'npm' | 'pypi' = 'npm'): Registry {
  return {
    id,
    title: id,
    packageName: unused,
    entryProblem: unused,
    entry: unused,
    audiences: unused,
    exchange: unused,
    route: unused,
    presented: unused,
    inspect: unused,
    turns: 'file',
    existing: unused,
    snippet: { clients: [], script: unused },
    howTo: unused,
    urlIsForUploads: false,
    reply: (refusal) => ({
      status: refusal.status,
      headers: { 'content-type': 'text/plain' },
      body: `${refusal.code}: ${refusal.message}`,
    }),
  };
}

export function registryAt(upstream: URL, changes: Partial<RegistrySettings> = {}): RegistrySettings {
  return {
    name: 'npm',
    protocol: plainProtocol(),
    url: new URL('https://npm.acme.example/'),
    upstream,
    credential: { kind: 'none' },
    longLivedTokens: 'warn',
    trustedOnly: [],
    reads: 'anonymous',
    immutable: true,
    refusals: 'full',
    provenance: false,
    audiences: [],
    audience: 'npm:npm.acme.example',
    maxUpload: 1_000_000,
    maxConcurrentUploads: 4,
    ...changes,
  };
}

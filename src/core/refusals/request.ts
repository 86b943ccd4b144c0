// Refusals of a request that is not understood, whatever it is for.
import type { RefusalKind } from './kind.ts';

export const request = {
  'request-invalid': {
    status: 400,
    title: 'Request refused',
    pypi: 'invalid-payload',
    oauth: 'invalid_request',
    sentence: (v) => `The request is refused because ${v['problem']}.`,
    fix: () => "Change that in the request, or in the client's configuration.",
  },
  'request-path': {
    status: 400,
    title: 'Path refused',
    sentence: (v) => `The path of this request is refused because ${v['problem']}.`,
    fix: () => 'Check the address of the registry and the name of the package.',
  },
  'request-method': {
    status: 405,
    title: 'Method not allowed',
    pypi: 'invalid-payload',
    oauth: 'invalid_request',
    sentence: (v) => `${v['method']} is not possible here.`,
    fix: (v) => (v['allow'] ? `Use ${v['allow']}.` : 'Check the address.'),
  },
  'request-host': {
    status: 421,
    title: 'No registry of this name',
    sentence: (v) => `No registry is configured for host ${v['host']}.`,
    fix: () => 'Give the client the address in `url:` of the registry; an administrator can change `url:`.',
  },
  'request-not-found': {
    status: 404,
    title: 'Nothing here',
    sentence: () => 'No registry is configured at this path.',
    fix: () => 'Check the address in the client against `url:` of the registry, its path included.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request too slow',
    pypi: 'invalid-payload',
    oauth: 'invalid_request',
    sentence: () => 'The rest of this request did not arrive in time.',
    fix: () => 'Try again; if it happens again, look at the network or a proxy between.',
  },
  'request-expectation': {
    status: 417,
    title: 'Expectation failed',
    sentence: () => 'Only `Expect: 100-continue` is understood.',
    fix: () => 'Let the client send no other.',
  },
  'grant-type': {
    status: 400,
    title: 'Grant type not supported',
    pypi: 'invalid-payload',
    oauth: 'unsupported_grant_type',
    sentence: () => 'Only grant_type urn:ietf:params:oauth:grant-type:token-exchange is supported.',
    fix: () => 'Send that as grant_type.',
  },
  'scope-invalid': {
    status: 400,
    title: 'Scope not understood',
    pypi: 'invalid-payload',
    oauth: 'invalid_scope',
    sentence: (v) => `The scope is refused because ${v['problem']}.`,
    fix: () => 'Write publish:<registry>:<package>.',
  },
  'target-invalid': {
    status: 400,
    title: 'Target not known',
    pypi: 'invalid-payload',
    oauth: 'invalid_target',
    sentence: (v) => `${v['what']} does not name a registry of this host.`,
    fix: () => 'Name a registry as the policy does, or its URL.',
  },
} as const satisfies Record<string, RefusalKind>;

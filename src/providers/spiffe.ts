// SPIFFE JWT-SVIDs, for example of SPIRE. The claims are those of the standard ("JWT-SVID", section 3): the identity is `sub`
// and nothing else is there. `iss` and `iat`, which the standard leaves open, SPIRE sets (`jwt_issuer`).
import { stringClaim } from '../core/claims.ts';
import { shellWord } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Provider } from './provider.ts';
import { jsonValue, scriptLines } from './snippet.ts';
import { derived, field, runOf } from './table.ts';

const spiffeForm = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)+$/;

const spiffeId = derived(['sub'], (claims) => {
  const id = stringClaim(claims, 'sub');
  return id !== undefined && spiffeForm.test(id) && !/\/\.{1,2}(?:\/|$)/.test(id) ? id : undefined;
});

export const spiffe: Provider = {
  id: 'spiffe',
  title: 'SPIFFE',
  issuers: [],
  issuerForm: 'jwt_issuer of the SPIRE server, the address of its OIDC discovery provider',
  claims: { required: ['iss', 'aud', 'exp', 'iat', 'sub'], checked: [], unchecked: ['jti', 'nbf'], weak: ['aud'] },
  anchor: ['spiffe_id'],
  fields: [
    field('spiffe_id', 'anchor', spiffeId, 'SPIFFE ID of the workload, for example spiffe://acme.example/ci/ui-release.', {
      problem: (value) => (spiffeForm.test(value) ? undefined : 'write spiffe://<trust domain>/<path>'),
    }),
  ],
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  maxAge: 60 * 60,
  // The agent keeps a token and hands it out again.
  fresh: false,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Ask for it: \`spire-agent api fetch jwt -audience ${audience}\`.`,
  tags: false,
  snippet: { files: (request) => [shellScript(request)] },
  anchorText: (claims) => spiffeId(claims) ?? 'this workload',
  run: (claims) => runOf(spiffeId(claims) ?? '', {}),
};

function shellScript({ script }: SnippetRequest): SnippetFile {
  const lines = scriptLines(script, {
    assign: ({ variable, audience }, toolchain) => [
      `answer=$(spire-agent api fetch jwt -audience ${shellWord(audience)} -output json)`,
      `${variable}=$(printf %s "$answer" | ${jsonValue(toolchain, 0, 'svids', 0, 'svid')})`,
    ],
  });
  const text = ['#!/bin/sh', 'set -eu', ...lines];
  return { path: 'publish.sh', language: 'shell', text: `${text.join('\n')}\n` };
}

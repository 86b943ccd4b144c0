// Any OIDC issuer: publishers name the subject, or claims one by one.
import { stringClaim } from '../core/claims.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Provider } from './provider.ts';
import { scriptLines } from './snippet.ts';
import { runOf, shown } from './table.ts';

export const generic: Provider = {
  id: 'generic',
  title: 'OIDC issuer',
  issuers: [],
  issuerForm: 'the exact `iss` claim',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub'],
    checked: [],
    unchecked: [],
    prefixes: [''],
    weak: ['aud', 'name', 'branch', 'tag'],
  },
  anchor: [],
  fields: [],
  algorithms: ['RS256', 'ES256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  freeClaims: true,
  snippet: { files: (request) => [shellScript(request)] },
  anchorText: (claims) => stringClaim(claims, 'sub') ?? 'this workload',
  audience: 'job',
  tags: true,
  run: (claims) => runOf(stringClaim(claims, 'sub') ?? '', { commit: shown(claims, 'sha'), ref: stringClaim(claims, 'ref') }),
};

function shellScript({ script }: SnippetRequest): SnippetFile {
  const lines = scriptLines(script, {
    assign: ({ variable }) => [`${variable}=$IDENTITY_TOKEN`],
  });
  const text = [
    '#!/bin/sh',
    `# IDENTITY_TOKEN: the identity token of the job${script.token === undefined ? '' : `, for the audience ${script.token.audience}`}.`,
    'set -eu',
    ...lines,
  ];
  return { path: 'publish.sh', language: 'shell', text: `${text.join('\n')}\n` };
}

// Bitbucket Pipelines (Cloud). Claims: Atlassian support, "Integrate Pipelines with resource servers using OIDC", and the
// example on a repository's OpenID Connect settings page.
import { stringClaim } from '../core/claims.ts';
import { indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { copied, images, refsOf, scriptLines, statedOf } from './snippet.ts';
import { derived, field, refProblem, runOf, uuid, uuidProblem } from './table.ts';

const branchRef = derived(['branchName'], (claims) => {
  const branch = stringClaim(claims, 'branchName');
  return branch ? `refs/heads/${branch}` : undefined;
});

const fields: readonly Field[] = [
  field(
    'repository_uuid',
    'anchor',
    uuid('repositoryUuid'),
    'UUID of the repository, without its braces (Repository settings, OpenID Connect).',
    { problem: uuidProblem },
  ),
  field('workspace_uuid', 'owner', uuid('workspaceUuid'), 'UUID of the workspace, without its braces.', {
    required: true,
    what: 'workspace UUID',
    problem: uuidProblem,
  }),
  field(
    'environment_uuid',
    'environment',
    uuid('deploymentEnvironmentUuid'),
    'UUID of the deployment environment of the step, without its braces (Repository settings, OpenID Connect); or any.',
    { required: true, code: 'publisher-claim', problem: uuidProblem },
  ),
  field('ref', 'ref', branchRef, 'refs/heads/<branch>; a pattern, or any. Tokens of tag pipelines name no branch.', {
    compare: 'pattern',
    required: true,
    what: 'refs',
    problem: (value) => (value.startsWith('refs/tags/') ? 'tokens of Bitbucket name branches only' : refProblem(value)),
  }),
];

export const bitbucket: Provider = {
  id: 'bitbucket',
  title: 'Bitbucket Pipelines',
  issuers: [],
  issuerForm: '`https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc`',
  unconfirmed: {
    branchName: 'What a tag pipeline has in it is not documented; a tag with the name of a branch may pass for the branch.',
    exp: 'How long a token lives is not documented; up to 60 minutes are accepted (`max_age`).',
    commitSha: 'Commit, account and `compliant` are not in the documented example; they are not checked.',
  },
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub', 'repositoryUuid', 'workspaceUuid'],
    checked: ['branchName', 'deploymentEnvironmentUuid'],
    unchecked: ['stepUuid', 'pipelineUuid', 'pipelineRunUuid', 'accountUuid', 'commitSha', 'compliant'],
    weak: ['aud', 'branchName', 'deploymentEnvironmentUuid', 'workspaceUuid', 'accountUuid', 'commitSha'],
  },
  anchor: ['repository_uuid'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  // `audiences` of a step adds to the workspace's own: the token then has two, which nobody can accept safely (JWT-39).
  audience: 'fixed',
  audienceHint: () =>
    "Take `audiences` out of the step, and have an administrator add the workspace's audience (ari:cloud:bitbucket::workspace/…) to the issuer's `audiences:`.",
  tags: false,
  snippet: { files: (request) => [pipelinesFile(request)] },
  anchorText: (claims) => `Bitbucket repository ${uuid('repositoryUuid')(claims) ?? '(none)'}`,
  run: (claims) =>
    runOf(uuid('repositoryUuid')(claims) ?? '', {
      commit: stringClaim(claims, 'commitSha'),
      ref: branchRef(claims),
      environment: uuid('deploymentEnvironmentUuid')(claims),
      run: uuid('pipelineRunUuid')(claims),
    }),
};

function pipelinesFile({ from, script }: SnippetRequest): SnippetFile {
  const environment = statedOf(from, 'environment_uuid');
  const { branches } = refsOf(from);
  const step = [
    '- step:',
    '    name: Publish',
    ...(environment === undefined ? [] : [`    deployment: production # the name of the environment with the UUID ${environment}`]),
    '    # Without `audiences`: the token would have two then.',
    '    oidc: true',
    '    script:',
    '      - |',
    ...indent(['set -eu', ...scriptLines(script, copied('BITBUCKET_STEP_OIDC_TOKEN'))], 8),
  ];
  const text = [
    `image: ${images[script.toolchain]}`,
    'pipelines:',
    '  branches:',
    ...(branches.length === 0 ? ['main'] : branches).flatMap((branch) => [`    ${yamlText(branch)}:`, ...indent(step, 6)]),
  ];
  return { path: 'bitbucket-pipelines.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

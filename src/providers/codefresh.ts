// Codefresh. Claims: Codefresh docs, "OIDC in pipelines" (step `obtain-oidc-id-token`); runner_environment and platform_url as
// Sigstore Fulcio reads them.
import { claim, stringClaim } from '../core/claims.ts';
import { indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { copied, images, scriptLines } from './snippet.ts';
import { derived, field, runOf, text } from './table.ts';

const fields: readonly Field[] = [
  field('pipeline_id', 'anchor', text('pipeline_id'), 'Id of the pipeline, as in its address.', {
    problem: (value) => (/^[0-9a-z]{8,64}$/.test(value) ? undefined : 'write the id of the pipeline, not its name'),
  }),
  field('account_id', 'owner', text('account_id'), 'Id of the account (User Settings, Account Information), or any.', {
    required: true,
    what: 'account id',
  }),
  field('repository', 'rest', text('scm_repo_url'), 'Address of the repository, for example https://github.com/acme/ui, or any.', {
    required: true,
    problem: (value) =>
      /^https:\/\/\S+$/.test(value) ? undefined : 'write the address of the repository, for example https://github.com/acme/ui',
  }),
  field('scm_ref', 'ref', text('scm_ref'), 'Name of the branch or tag, which look the same: a pattern, or any.', {
    compare: 'pattern',
    required: true,
    what: 'branches and tags',
  }),
  field(
    'pull_requests',
    'ref',
    derived(['scm_pull_request_target_branch'], (claims) => String(claim(claims, 'scm_pull_request_target_branch') !== undefined)),
    'false (the default): no build of a pull request. any: also those.',
    { flag: true, code: 'publisher-claim', absent: () => 'false' },
  ),
  // Whoever starts a build by hand chooses branch and variables, and may bring steps of his own.
  field(
    'manual',
    'rest',
    derived(['initiator'], (claims) => String(claim(claims, 'initiator') !== undefined)),
    'false (the default): no build that a person started. any: also those.',
    { flag: true, absent: () => 'false' },
  ),
  field('runner_environment', 'rest', text('runner_environment'), 'hybrid or classic.'),
];

export const codefresh: Provider = {
  id: 'codefresh',
  title: 'Codefresh',
  issuers: ['https://oidc.codefresh.io'],
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub', 'account_id', 'pipeline_id'],
    checked: ['scm_repo_url', 'scm_ref', 'scm_pull_request_target_branch', 'initiator', 'runner_environment'],
    unchecked: ['account_name', 'pipeline_name', 'workflow_id', 'scm_user_name', 'platform_url', 'sid', 'nbf', 'jti'],
    weak: ['aud', 'account_id', 'account_name', 'initiator', 'scm_user_name', 'scm_ref', 'scm_pull_request_target_branch', 'scm_repo_url'],
  },
  anchor: ['pipeline_id'],
  fields,
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Give the step obtain-oidc-id-token \`arguments: { AUDIENCE: "${audience}" }\`.`,
  tags: false,
  snippet: { files: (request) => [codefreshFile(request)] },
  anchorText: (claims) => stringClaim(claims, 'pipeline_name') ?? 'this pipeline',
  run: (claims) => {
    const id = stringClaim(claims, 'workflow_id');
    return runOf(stringClaim(claims, 'pipeline_name') ?? stringClaim(claims, 'pipeline_id') ?? '', {
      actor: stringClaim(claims, 'scm_user_name'),
      run: id,
      runUrl: id === undefined ? undefined : `${stringClaim(claims, 'platform_url') ?? 'https://g.codefresh.io'}/build/${id}`,
    });
  },
};

function codefreshFile({ script }: SnippetRequest): SnippetFile {
  const text = [
    '# Which branches and tags start it is said in the trigger of the pipeline.',
    'version: "1.0"',
    'steps:',
    '  clone:',
    '    type: git-clone',
    '    repo: "${{CF_REPO_OWNER}}/${{CF_REPO_NAME}}"',
    '    revision: "${{CF_REVISION}}"',
    ...(script.token === undefined
      ? []
      : ['  token:', '    type: obtain-oidc-id-token', '    arguments:', `      AUDIENCE: ${yamlText(script.token.audience)}`]),
    '  publish:',
    `    image: ${images[script.toolchain]}`,
    '    working_directory: "${{clone}}"',
    '    commands:',
    '      - |',
    ...indent(['set -eu', ...scriptLines(script, copied('ID_TOKEN'))], 8),
  ];
  return { path: 'codefresh.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

// Azure Pipelines (Azure DevOps Services), tokens for `System.OidcRequestUri` without a service connection. Claims: Teleport
// RFD 211, "Azure DevOps joining", with tokens as observed; Microsoft documents the request, but not the claims.
import { stringClaim } from '../core/claims.ts';
import { indent, yamlList } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { jsonValue, refsOf, scriptLines } from './snippet.ts';
import { field, number, refProblem, runOf, shown, text, uuid, uuidProblem } from './table.ts';

const fields: readonly Field[] = [
  field('project_id', 'anchor', uuid('prj_id'), 'Id of the project: `az devops project show --project <name> --query id`.', {
    problem: uuidProblem,
  }),
  field('pipeline_id', 'anchor', number('def_id'), 'Number of the pipeline: `definitionId` in its address.', { compare: 'digits' }),
  field('repository_id', 'repository', text('rpo_id'), 'Id of the repository that the run is of, or any.', {
    required: true,
    what: 'repository id',
  }),
  field(
    'ref',
    'ref',
    text('rpo_ref'),
    'Git ref of the run, for example refs/tags/v*; a pattern, or any. Pull requests are refs/pull/<n>/merge.',
    {
      compare: 'pattern',
      required: true,
      what: 'refs',
      problem: refProblem,
    },
  ),
];

export const azureDevops: Provider = {
  id: 'azure-devops',
  title: 'Azure Pipelines',
  issuers: [],
  issuerForm: '`https://vstoken.dev.azure.com/<organization-id>`',
  unconfirmed: {
    claims: 'Microsoft does not document the claims of these tokens; they are taken from what Teleport observed (RFD 211).',
    rpo_id: 'Whether it is a UUID also where the repository is on GitHub is not known; write what a token has.',
    run_id: "The address of a run needs the organization's name, which no claim has; the audit record has the number only.",
  },
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'prj_id', 'def_id', 'rpo_id', 'rpo_ref'],
    checked: [],
    unchecked: ['sub', 'org_id', 'rpo_uri', 'rpo_ver', 'run_id'],
    weak: ['aud', 'org_id', 'rpo_ref', 'rpo_ver'],
  },
  anchor: ['project_id', 'pipeline_id'],
  fields,
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: true,
  audience: 'fixed',
  fixedAudience: 'api://AzureADTokenExchange',
  audienceHint: () => "Azure has one audience for all; an administrator adds `api://AzureADTokenExchange` to the issuer's `audiences:`.",
  tags: true,
  snippet: { files: (request) => [pipelinesFile(request)] },
  anchorText: (claims) => `pipeline ${shown(claims, 'def_id') ?? '(none)'} of project ${uuid('prj_id')(claims) ?? '(none)'}`,
  run: (claims) =>
    runOf(`${uuid('prj_id')(claims) ?? ''}/${shown(claims, 'def_id') ?? ''}`, {
      commit: stringClaim(claims, 'rpo_ver'),
      ref: stringClaim(claims, 'rpo_ref'),
      run: shown(claims, 'run_id'),
    }),
};

const filter = (name: string, globs: readonly string[]): string[] => [
  `  ${name}:`,
  globs.length === 0 ? '    exclude: ["*"]' : `    include: ${yamlList(globs)}`,
];

function pipelinesFile({ from, script }: SnippetRequest): SnippetFile {
  const { tags, branches } = refsOf(from);
  const lines = scriptLines(script, {
    assign: ({ variable }, toolchain) => [
      'answer=$(curl --fail-with-body --silent --show-error --request POST --data "" --header "Content-Type: application/json" \\',
      '  --header "Authorization: bearer $SYSTEM_ACCESSTOKEN" "$SYSTEM_OIDCREQUESTURI?api-version=7.1")',
      `${variable}=$(printf %s "$answer" | ${jsonValue(toolchain, 'oidcToken')})`,
    ],
    mask: (variable) => [`echo "##vso[task.setsecret]$${variable}"`],
  });
  const text = [
    'trigger:',
    ...filter('tags', tags),
    ...filter('branches', branches),
    'pr: none',
    'pool:',
    '  vmImage: ubuntu-latest',
    'steps:',
    '  - checkout: self',
    ...(script.toolchain === 'node'
      ? ['  - task: UseNode@1', '    inputs: { version: 24.x }']
      : ['  - task: UsePythonVersion@0', '    inputs: { versionSpec: "3.13" }']),
    '  - bash: |',
    ...indent(['set -eu', ...lines], 6),
    '    displayName: Publish',
    '    env:',
    '      SYSTEM_ACCESSTOKEN: $(System.AccessToken)',
  ];
  return { path: 'azure-pipelines.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

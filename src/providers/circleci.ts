// CircleCI. Claims: CircleCI docs, "Using OpenID Connect tokens in jobs" and "OpenID Connect tokens with custom claims";
// org-id, pipeline-definition-id and ssh-rerun as PyPI's CircleCI publisher (warehouse/oidc/models/circleci.py) reads them.
import { stringClaim } from '../core/claims.ts';
import { globAsRegex, indent, shellWord, yamlList } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { images, refsOf, scriptLines, statedOf } from './snippet.ts';
import { field, flag, list, refProblem, runOf, text, uuid, uuidProblem } from './table.ts';

const claim = (name: string): string => `oidc.circleci.com/${name}`;

const fields: readonly Field[] = [
  field('project_id', 'anchor', uuid(claim('project-id')), 'Id of the project (Project Settings, Overview).', { problem: uuidProblem }),
  field('org_id', 'owner', uuid(claim('org-id')), 'Id of the organization (Organization Settings, Overview).', {
    required: true,
    what: 'organization id',
    problem: uuidProblem,
  }),
  field(
    'pipeline_definition_id',
    'workflow',
    uuid(claim('pipeline-definition-id')),
    'Id of the pipeline definition, which says whose configuration file runs (Project Settings, Pipelines); or any.',
    { required: true, code: 'publisher-claim', problem: uuidProblem },
  ),
  field(
    'context_ids',
    'environment',
    list(claim('context-ids')),
    'Id of a context that the job uses, or any. A context has rules about who may use it.',
    {
      required: true,
      code: 'publisher-claim',
      problem: uuidProblem,
    },
  ),
  // The pipelines of forks run in the same project; only this claim tells them apart.
  field(
    'vcs_origin',
    'ref',
    text(claim('vcs-origin')),
    'Repository, for example github.com/acme/ui, or any. Case does not matter. Forks have another.',
    {
      compare: 'fold',
      required: true,
      code: 'publisher-claim',
      problem: (value) =>
        /^[a-z0-9.-]+(?:\/[^/\s]+)+$/i.test(value) ? undefined : 'write host/owner/name, for example github.com/acme/ui',
    },
  ),
  field('ref', 'ref', text(claim('vcs-ref')), 'Git ref of the pipeline, for example refs/tags/v*; a pattern, or any.', {
    compare: 'pattern',
    required: true,
    what: 'refs',
    problem: refProblem,
  }),
  // Whoever starts a job again "with SSH" has a shell in it, and so its identity token.
  field('ssh_rerun', 'rest', flag(claim('ssh-rerun')), 'false (the default): no job that was started again with SSH. any: also those.', {
    flag: true,
    absent: () => 'false',
    values: () => ({ how: 'start it again without SSH' }),
  }),
];

export const circleci: Provider = {
  id: 'circleci',
  title: 'CircleCI',
  // The root issuer is what `circleci run oidc get --root-issuer` and uv use; `CIRCLE_OIDC_TOKEN_V2` is of the other form.
  issuers: ['https://oidc.circleci.com'],
  issuerForm: '`https://oidc.circleci.com/org/<organization-id>`',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub', claim('project-id'), claim('org-id'), claim('ssh-rerun')],
    checked: [claim('pipeline-definition-id'), claim('context-ids'), claim('vcs-origin'), claim('vcs-ref')],
    unchecked: [claim('job-id'), claim('pipeline-id'), claim('workflow-id')],
    weak: ['aud', claim('org-id'), claim('context-ids'), claim('ssh-rerun'), claim('vcs-origin'), claim('vcs-ref')],
  },
  anchor: ['project_id'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Ask for it in the job: \`circleci run oidc get --root-issuer --claims '{"aud":"${audience}"}'\`.`,
  tags: true,
  // Clients ask CircleCI for tokens of the root issuer.
  snippet: { native: (issuer) => (circleci.issuers.includes(issuer) ? 'circleci' : undefined), files: (request) => [configFile(request)] },
  anchorText: (claims) => `CircleCI project ${stringClaim(claims, claim('project-id')) ?? '(none)'}`,
  run: (claims) => {
    const workflow = stringClaim(claims, claim('workflow-id'));
    const job = stringClaim(claims, claim('job-id'));
    return runOf(stringClaim(claims, claim('project-id')) ?? '', {
      ref: stringClaim(claims, claim('vcs-ref')),
      run: workflow,
      runUrl: workflow === undefined ? undefined : `https://app.circleci.com/workflow/${workflow}${job === undefined ? '' : `/job/${job}`}`,
    });
  },
};

const filter = (name: string, globs: readonly string[]): string =>
  globs.length === 0 ? `${name}: { ignore: /.*/ }` : `${name}: { only: ${yamlList(globs.map((glob) => `/${globAsRegex(glob)}/`))} }`;

function configFile({ from, issuer, script }: SnippetRequest): SnippetFile {
  const context = statedOf(from, 'context_ids');
  const { tags, branches } = refsOf(from);
  const root = circleci.issuers.includes(issuer) ? ' --root-issuer' : '';
  const lines = scriptLines(script, {
    assign: ({ variable, audience }) => [
      `${variable}=$(circleci run oidc get${root} --claims ${shellWord(JSON.stringify({ aud: audience }))})`,
    ],
  });
  const text = [
    'version: 2.1',
    'jobs:',
    '  publish:',
    '    docker:',
    `      - image: ${images[script.toolchain]}`,
    '    steps:',
    '      - checkout',
    '      - run:',
    '          name: Publish',
    '          command: |',
    ...indent(lines, 12),
    'workflows:',
    '  publish:',
    '    jobs:',
    '      - publish:',
    ...(context === undefined ? [] : [`          context: [release] # the name of the context with the id ${context}`]),
    '          filters:',
    ...indent([filter('tags', tags), filter('branches', branches)], 12),
  ];
  return { path: '.circleci/config.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

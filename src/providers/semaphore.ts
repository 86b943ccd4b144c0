// Semaphore. Claims: Semaphore docs, "OpenID Connect", and the source of its token service (secrethub).
import { stringClaim } from '../core/claims.ts';
import { globAsRegex, indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { copied, refsOf, scriptLines } from './snippet.ts';
import { field, refProblem, runOf, text, uuid, uuidProblem } from './table.ts';

const fields: readonly Field[] = [
  field('project_id', 'anchor', uuid('prj_id'), 'Id of the project: `sem get project <name>`.', { problem: uuidProblem }),
  field('repository', 'rest', text('repo_slug'), 'Owner and name of the repository, for example acme/ui, or any. Case does not matter.', {
    compare: 'fold',
    required: true,
    problem: (value) => (/^[^/\s]+\/[^/\s]+$/.test(value) ? undefined : 'write owner/name, for example acme/ui'),
  }),
  field('ref', 'ref', text('ref'), 'Git ref of the workflow, for example refs/tags/v*; a pattern, or any.', {
    compare: 'pattern',
    required: true,
    what: 'refs',
    problem: refProblem,
  }),
  // In the other kinds a person has a shell in the job, and so its identity token.
  field('job_type', 'rest', text('job_type'), 'pipeline_job (the default), debug_job, project_debug_job; or any.', {
    absent: () => 'pipeline_job',
  }),
];

const pullRequest = "it can come from a fork and run a stranger's code; publish from a branch or tag.";

export const semaphore: Provider = {
  id: 'semaphore',
  title: 'Semaphore',
  issuers: [],
  issuerForm: '`https://<organization>.semaphoreci.com`',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'sub', 'prj_id', 'repo_slug', 'ref', 'ref_type', 'job_type'],
    checked: [],
    unchecked: ['branch', 'pr_branch', 'pr', 'tag', 'repo', 'wf_id', 'ppl_id', 'job_id', 'trg', 'sub127', 'https://aws.amazon.com/tags'],
    weak: ['aud', 'branch', 'pr_branch', 'pr', 'tag', 'ref', 'ref_type', 'trg', 'job_type'],
  },
  anchor: ['project_id'],
  fields,
  events: {
    claim: 'ref_type',
    byDefault: ['branch', 'tag'],
    risky: {},
    never: { 'pull-request': pullRequest },
  },
  algorithms: ['RS256'],
  // Longest life of a job; the token has it whatever the job takes.
  maxAge: 24 * 60 * 60,
  fresh: false,
  jti: true,
  audience: 'fixed',
  audienceHint: () => "Semaphore has one audience for all; an administrator adds the organization's address to the issuer's `audiences:`.",
  tags: true,
  snippet: { files: (request) => [semaphoreFile(request)] },
  anchorText: (claims) => stringClaim(claims, 'repo_slug') ?? 'this project',
  run: (claims) => {
    const workflow = stringClaim(claims, 'wf_id');
    return runOf(stringClaim(claims, 'repo_slug') ?? '', {
      ref: stringClaim(claims, 'ref'),
      run: workflow,
      runUrl: workflow === undefined ? undefined : `${stringClaim(claims, 'iss') ?? ''}/workflows/${workflow}`,
    });
  },
};

const condition = (name: string) => (glob: string) => `${name} =~ '${globAsRegex(glob)}'`;

function semaphoreFile({ from, script }: SnippetRequest): SnippetFile {
  const { tags, branches } = refsOf(from);
  const lines = ['set -eu', ...scriptLines(script, copied('SEMAPHORE_OIDC_TOKEN'))];
  const text = [
    'version: v1.0',
    'name: Publish',
    'agent:',
    '  machine:',
    '    type: e1-standard-2',
    '    os_image: ubuntu2204',
    'blocks:',
    '  - name: Publish',
    '    run:',
    `      when: ${yamlText([...tags.map(condition('tag')), ...branches.map(condition('branch'))].join(' or '))}`,
    '    task:',
    '      jobs:',
    '        - name: Publish',
    '          commands:',
    '            - checkout',
    `            - ${script.toolchain === 'node' ? 'sem-version node 24' : 'sem-version python 3.13'}`,
    '            - |',
    '              (',
    ...indent(lines, 16),
    '              )',
  ];
  return { path: '.semaphore/semaphore.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

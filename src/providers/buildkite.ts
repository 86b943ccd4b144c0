// Buildkite. Claims: Buildkite docs, "buildkite-agent oidc" and "OIDC in Buildkite Pipelines". `sub` is never read: a job
// may choose its form (`--subject-claim`).
import { stringClaim, type VerifiedClaims } from '../core/claims.ts';
import { globAsRegex, indent, shellWord, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { refsOf, scriptLines, statedOf } from './snippet.ts';
import { derived, field, refProblem, runOf, shown, text, uuid, uuidProblem } from './table.ts';

/** `build_branch` is there for a tag, too; `build_tag` only where the build is one of a tag. */
const fullRef = derived(['build_branch', 'build_tag'], (claims) => {
  const branch = stringClaim(claims, 'build_branch');
  const tag = stringClaim(claims, 'build_tag');
  return tag ? `refs/tags/${tag}` : branch ? `refs/heads/${branch}` : undefined;
});

const slug = (value: string): string | undefined =>
  /^[a-z0-9][a-z0-9-]*$/.test(value) ? undefined : "write it as in the pipeline's address: lower case, for example acme";

const fields: readonly Field[] = [
  field('organization_slug', 'anchor', text('organization_slug'), 'Organization as in the address of the pipeline, for example acme.', {
    problem: slug,
  }),
  field('pipeline_slug', 'anchor', text('pipeline_slug'), 'Pipeline as in its address, for example ui.', { problem: slug }),
  field(
    'organization_id',
    'owner',
    uuid('organization_id'),
    'Id of the organization, for which the job asks with `--claim organization_id`; or any. A renamed and retaken slug has another one.',
    { required: true, what: 'organization id', problem: uuidProblem },
  ),
  field('pipeline_id', 'repository', uuid('pipeline_id'), 'Id of the pipeline, for which the job asks with `--claim pipeline_id`.', {
    what: 'pipeline id',
    problem: uuidProblem,
  }),
  field('step_key', 'rest', text('step_key'), 'Key of the step in the pipeline.'),
  field('ref', 'ref', fullRef, 'refs/tags/<tag> of a tag build, else refs/heads/<branch>; a pattern, or any.', {
    compare: 'pattern',
    required: true,
    what: 'refs',
    problem: refProblem,
  }),
  field('runner_environment', 'rest', text('runner_environment'), 'buildkite-hosted or self-hosted.'),
  field('cluster_id', 'rest', uuid('cluster_id'), 'Id of the cluster of agents, for which the job asks with `--claim cluster_id`.', {
    problem: uuidProblem,
  }),
];

const chosen = 'whoever starts it chooses commit, branch and environment variables.';

export const buildkite: Provider = {
  id: 'buildkite',
  title: 'Buildkite',
  issuers: ['https://agent.buildkite.com'],
  claims: {
    required: [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'organization_slug',
      'pipeline_slug',
      'build_branch',
      'build_source',
      'runner_environment',
    ],
    checked: ['build_tag', 'step_key', 'organization_id', 'pipeline_id', 'cluster_id'],
    unchecked: [
      'sub',
      'build_number',
      'build_commit',
      'job_id',
      'agent_id',
      'build_id',
      'cluster_name',
      'queue_id',
      'queue_key',
      'https://aws.amazon.com/tags',
    ],
    prefixes: ['agent_tag:'],
    weak: ['aud', 'organization_slug', 'organization_id', 'build_branch', 'build_tag', 'build_commit', 'build_source', 'build_number'],
  },
  anchor: ['organization_slug', 'pipeline_slug'],
  fields,
  events: {
    claim: 'build_source',
    byDefault: ['webhook'],
    risky: { ui: chosen, api: chosen, trigger_job: chosen, schedule: "it runs with the rights of the schedule's owner." },
    never: {},
  },
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: true,
  audience: 'job',
  audienceHint: (audience) => `Ask for it in the job: \`buildkite-agent oidc request-token --audience "${audience}"\`.`,
  tags: true,
  snippet: { native: () => 'buildkite', files: (request) => [pipelineFile(request)] },
  anchorText: path,
  run: (claims) => {
    const number = shown(claims, 'build_number');
    const job = stringClaim(claims, 'job_id');
    return runOf(path(claims), {
      commit: stringClaim(claims, 'build_commit'),
      ref: fullRef(claims),
      workflow: stringClaim(claims, 'step_key'),
      run: number,
      runUrl:
        number === undefined ? undefined : `https://buildkite.com/${path(claims)}/builds/${number}${job === undefined ? '' : `#${job}`}`,
    });
  },
};

function path(claims: VerifiedClaims): string {
  return `${stringClaim(claims, 'organization_slug') ?? ''}/${stringClaim(claims, 'pipeline_slug') ?? ''}`;
}

const condition = (name: string) => (glob: string) => `build.${name} =~ /${globAsRegex(glob).replaceAll('/', String.raw`\/`)}/`;

/** `pipeline upload` fills in variables wherever it sees a `$`; `$$` leaves it to the shell. */
function pipelineFile({ from, script }: SnippetRequest): SnippetFile {
  const optional = ['organization_id', 'pipeline_id', 'cluster_id'].filter((key) => statedOf(from, key) !== undefined);
  const { tags, branches } = refsOf(from);
  // The build of a tag has the tag for its branch, too.
  const wanted = [...tags.map(condition('tag')), ...branches.map((glob) => `(build.tag == null && ${condition('branch')(glob)})`)];
  const lines = scriptLines(script, {
    assign: ({ variable, audience }) => [`${variable}=$(buildkite-agent oidc request-token --audience ${shellWord(audience)})`],
  });
  const key = statedOf(from, 'step_key');
  const text = [
    `# The agent needs ${script.toolchain === 'node' ? 'Node 24' : 'Python 3'}.`,
    'steps:',
    '  - label: Publish',
    ...(key === undefined ? [] : [`    key: ${yamlText(key)}`]),
    `    if: ${yamlText(wanted.join(' || ').replaceAll('$', '$$$$'))}`,
    ...(optional.length === 0 ? [] : ['    env:', `      BUILDKITE_OIDC_TOKEN_CLAIMS: ${yamlText(optional.join(','))}`]),
    '    command: |',
    ...indent(
      ['set -eu', ...lines].map((line) => line.replaceAll('$', '$$$$')),
      6,
    ),
  ];
  return { path: '.buildkite/pipeline.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}

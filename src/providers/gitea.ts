// Gitea Actions, as its source issues tokens (services/actions/oidc.go; pull request 39052).
import { stringClaim } from '../core/claims.ts';
import { pinned, workflowFiles } from './actions-snippet.ts';
import {
  actorId,
  anchorText,
  calledWorkflow,
  events,
  ref,
  refProtected,
  repository,
  repositoryId,
  repositoryOwnerId,
  weak,
  workflow,
  workflowFile,
} from './actions.ts';
import type { Provider } from './provider.ts';
import { field, runOf, text } from './table.ts';

/** Gitea reads the second where the first is not there. */
const folders = ['.gitea/workflows', '.github/workflows'];
const file = workflowFile(folders);

export const gitea: Provider = {
  id: 'gitea',
  title: 'Gitea Actions',
  issuers: [],
  issuerForm: '`https://<host>/api/actions/oidc`',
  unconfirmed: {
    release: 'No released version of Gitea was seen to issue identity tokens; the table is that of its source in August 2026.',
  },
  claims: {
    required: [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'sub',
      'repository',
      'repository_id',
      'repository_owner_id',
      'ref',
      'workflow_ref',
      'job_workflow_ref',
      'event_name',
    ],
    checked: ['job_workflow_sha', 'ref_protected', 'repository_visibility', 'actor_id'],
    unchecked: [
      'actor',
      'repository_owner',
      'base_ref',
      'head_ref',
      'ref_type',
      'run_attempt',
      'run_id',
      'run_number',
      // Always self-hosted.
      'runner_environment',
      'sha',
      'workflow',
      'workflow_sha',
    ],
    weak,
  },
  anchor: ['repository'],
  fields: [
    repository,
    repositoryOwnerId,
    repositoryId,
    workflow(folders),
    calledWorkflow(folders),
    ref,
    refProtected,
    field('repository_visibility', 'rest', text('repository_visibility'), 'public, private or internal.'),
    actorId,
  ],
  events,
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: true,
  audience: 'job',
  audienceHint: (audience) => `Append \`&audience=${encodeURIComponent(audience)}\` to $ACTIONS_ID_TOKEN_REQUEST_URL.`,
  tags: true,
  snippet: {
    native: () => 'github',
    files: (request) =>
      workflowFiles(request, {
        folder: '.gitea/workflows',
        runsOn: 'ubuntu-latest',
        rights: ['permissions:', '  contents: read', '  id-token: write'],
        uses: pinned,
      }),
  },
  anchorText,
  run: (claims) => {
    const name = stringClaim(claims, 'repository') ?? '';
    const id = stringClaim(claims, 'run_id');
    const server = (stringClaim(claims, 'iss') ?? '').replace(/\/api\/actions\/oidc$/, '');
    return runOf(name, {
      actor: stringClaim(claims, 'actor'),
      commit: stringClaim(claims, 'sha'),
      ref: stringClaim(claims, 'ref'),
      workflow: file(claims),
      run: id,
      runUrl: id === undefined ? undefined : `${server}/${name}/actions/runs/${id}`,
    });
  },
};

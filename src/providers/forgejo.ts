// Forgejo Actions: identity tokens since Forgejo 15, numeric ids in them since 16 (routers/api/actions/id_token.go and
// services/actions/auth.go of Forgejo; docs "Using OIDC in Forgejo Actions"). Gitea is another provider: other claims.
import { stringClaim } from '../core/claims.ts';
import { workflowFiles, type Flavour } from './actions-snippet.ts';
import {
  actorId,
  anchorText,
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
import { runOf } from './table.ts';

/** Forgejo reads the second where the first is not there. */
const folders = ['.forgejo/workflows', '.github/workflows'];
const file = workflowFile(folders);

const flavour: Flavour = {
  folder: '.forgejo/workflows',
  runsOn: 'docker',
  rights: ['enable-openid-connect: true'],
  // The commits of Forgejo's mirror were not looked up.
  uses: (action) => `https://data.forgejo.org/${action}@v6 # pin it to a full commit hash`,
};

export const forgejo: Provider = {
  id: 'forgejo',
  title: 'Forgejo Actions',
  issuers: [],
  issuerForm: '`https://<host>/api/actions`',
  unconfirmed: {
    exp: 'How long a token lives is a setting of the instance, whose default was not found; up to 60 minutes are accepted (`max_age`).',
  },
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'nbf', 'sub', 'repository', 'ref', 'workflow_ref', 'event_name'],
    checked: ['repository_owner_id', 'repository_id', 'ref_protected', 'actor_id'],
    unchecked: ['actor', 'repository_owner', 'base_ref', 'head_ref', 'ref_type', 'run_attempt', 'run_id', 'run_number', 'sha', 'workflow'],
    weak,
  },
  anchor: ['repository'],
  fields: [repository, repositoryOwnerId, repositoryId, workflow(folders), ref, refProtected, actorId],
  events,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: true,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Append \`&audience=${encodeURIComponent(audience)}\` to $ACTIONS_ID_TOKEN_REQUEST_URL.`,
  tags: true,
  snippet: {
    native: () => 'github',
    files: (request) => workflowFiles(request, flavour),
  },
  anchorText,
  run: (claims) => {
    const name = stringClaim(claims, 'repository') ?? '';
    const number = stringClaim(claims, 'run_number');
    const server = (stringClaim(claims, 'iss') ?? '').replace(/\/api\/actions$/, '');
    return runOf(name, {
      actor: stringClaim(claims, 'actor'),
      commit: stringClaim(claims, 'sha'),
      ref: stringClaim(claims, 'ref'),
      workflow: file(claims),
      run: stringClaim(claims, 'run_id'),
      // The page of a run is found by its number in the repository.
      runUrl: number === undefined ? undefined : `${server}/${name}/actions/runs/${number}`,
    });
  },
};

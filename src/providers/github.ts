// GitHub Actions: github.com, GitHub Enterprise Cloud with data residency (ghe.com), and GitHub Enterprise Server.
// Claims: GitHub docs, "OpenID Connect reference". `sub` is never read: its form changed on 15 July 2026 and
// organisations customise it.
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
import type { Field, Provider } from './provider.ts';
import { field, runOf, text } from './table.ts';

const folders = ['.github/workflows'];
const file = workflowFile(folders);

const fields: readonly Field[] = [
  repository,
  repositoryOwnerId,
  repositoryId,
  workflow(folders),
  calledWorkflow(folders),
  field('environment', 'environment', text('environment'), 'GitHub environment of the job, or any. Case does not matter.', {
    compare: 'fold',
    required: true,
  }),
  ref,
  refProtected,
  field('runner_environment', 'rest', text('runner_environment'), 'github-hosted or self-hosted.'),
  field('repository_visibility', 'rest', text('repository_visibility'), 'public, private or internal.'),
  actorId,
];

const branch = ['refs/heads/**'];
const branchOrTag = ['refs/heads/**', 'refs/tags/**'];

/** GitHub docs, "Events that trigger workflows": the column GITHUB_REF. */
const eventRefs = {
  push: branchOrTag,
  create: branchOrTag,
  release: ['refs/tags/**'],
  workflow_dispatch: branchOrTag,
  repository_dispatch: branch,
  schedule: branch,
  workflow_run: branch,
  issue_comment: branch,
  merge_group: ['refs/heads/gh-readonly-queue/**'],
  pull_request: ['refs/pull/*/merge'],
};

export const github: Provider = {
  id: 'github',
  title: 'GitHub Actions',
  issuers: ['https://token.actions.githubusercontent.com'],
  issuerForm: '`https://<host>/_services/token` (Enterprise Server) or `https://token.actions.<subdomain>.ghe.com` (data residency)',
  claims: {
    required: [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'repository',
      'repository_id',
      'repository_owner_id',
      'ref',
      'workflow_ref',
      'job_workflow_ref',
      'event_name',
    ],
    checked: ['environment', 'job_workflow_sha', 'ref_protected', 'runner_environment', 'repository_visibility', 'actor_id'],
    unchecked: [
      'sub',
      'actor',
      'repository_owner',
      'run_id',
      'run_number',
      'run_attempt',
      'head_ref',
      'base_ref',
      'ref_type',
      'workflow',
      'workflow_sha',
      'sha',
      'environment_node_id',
      'enterprise',
      'enterprise_id',
      'check_run_id',
    ],
    // An organisation's custom properties, where it includes them.
    prefixes: ['repo_property_'],
    weak,
  },
  anchor: ['repository'],
  fields,
  events: { ...events, refs: eventRefs },
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: true,
  audience: 'job',
  tags: true,
  snippet: {
    native: () => 'github',
    actions: true,
    files: (request) =>
      workflowFiles(request, {
        folder: '.github/workflows',
        runsOn: 'ubuntu-latest',
        rights: ['permissions:', '  contents: read', '  id-token: write'],
        uses: pinned,
      }),
  },
  anchorText,
  run: (claims) => {
    const name = stringClaim(claims, 'repository') ?? '';
    const id = stringClaim(claims, 'run_id');
    const server = serverOf(stringClaim(claims, 'iss') ?? '');
    return runOf(name, {
      actor: stringClaim(claims, 'actor'),
      commit: stringClaim(claims, 'sha'),
      ref: stringClaim(claims, 'ref'),
      workflow: file(claims),
      environment: stringClaim(claims, 'environment'),
      run: id,
      runUrl: id === undefined ? undefined : `${server}/${name}/actions/runs/${id}`,
    });
  },
};

/**
 * The web address behind an issuer. An enterprise of github.com may have an issuer of its own, with its slug as path; an
 * Enterprise Server's is `https://<host>/_services/token`, that of data residency `https://token.actions.<subdomain>.ghe.com`.
 */
function serverOf(issuer: string): string {
  if (issuer.endsWith('/_services/token')) return issuer.slice(0, -'/_services/token'.length);
  const residency = /^https:\/\/token\.actions\.([a-z0-9-]+\.ghe\.com)(?:\/|$)/.exec(issuer)?.[1];
  return `https://${residency ?? 'github.com'}`;
}

// The two repositories of the story, as GitHub describes a job of theirs.
import type { CiEnv } from '../../test/support/ci-env.ts';
import type { CiIssuer } from '../../test/support/issuer.ts';

export type Job = { readonly repository: string; readonly ref: string; readonly env: CiEnv };

/** A job of acme/ui in workflow release.yml and environment production: what publisher `ui-release` expects, on its tags. */
export function uiJob(issuer: CiIssuer, ref: string): Job {
  return job(issuer, 'acme/ui', '4711', ref);
}

/** The same of a fork: same owner, same workflow, same environment, same tag; another repository. */
export function forkJob(issuer: CiIssuer, ref: string): Job {
  return job(issuer, 'acme/fork', '4899', ref);
}

function job(issuer: CiIssuer, repository: string, id: string, ref: string): Job {
  const claims = {
    repository,
    repository_id: id,
    repository_owner_id: '12',
    ref,
    environment: 'production',
    event_name: 'push',
    repository_visibility: 'private',
  };
  return { repository, ref, env: issuer.githubEnv(claims) };
}

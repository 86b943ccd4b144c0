// What GitHub Actions and the CIs that took over its workflow files and claims (Forgejo, Gitea) have in common.
import { stringClaim, type VerifiedClaims } from '../core/claims.ts';
import { foldAscii } from './conditions.ts';
import type { Events, Field, Reader } from './provider.ts';
import { derived, digits, field, flag, refProblem, text } from './table.ts';

/**
 * The file name of the caller's workflow, from `workflow_ref` = `<repository>/<folder>/<file>@<ref>`. Both ends are
 * compared with the `repository` and `ref` claims, never searched for: file names and refs may contain `@` and look like
 * each other (CLM-13, CLM-14).
 */
export function workflowFile(folders: readonly string[]): Reader<string | undefined> {
  return derived(['workflow_ref', 'repository', 'ref'], (claims) => {
    const whole = stringClaim(claims, 'workflow_ref');
    const repository = stringClaim(claims, 'repository');
    const ref = stringClaim(claims, 'ref');
    if (whole === undefined || repository === undefined || !ref || !whole.endsWith(`@${ref}`)) return undefined;
    const path = whole.slice(0, -`@${ref}`.length);
    const prefix = folders.map((folder) => `${repository}/${folder}/`).find((start) => startsWith(path, start));
    const file = prefix === undefined ? '' : path.slice(prefix.length);
    return /^[^/]+\.ya?ml$/.test(file) ? file : undefined;
  });
}

/** Repositories fold case, and the folder is the CI's own word. */
function startsWith(path: string, start: string): boolean {
  return foldAscii(path.slice(0, start.length)) === foldAscii(start);
}

/** The called workflow with its commit in place of the ref, so that a publisher can pin a commit. */
const calledByCommit = derived(['job_workflow_ref', 'job_workflow_sha'], (claims) => {
  const called = stringClaim(claims, 'job_workflow_ref');
  const commit = stringClaim(claims, 'job_workflow_sha');
  const path = called?.match(/^[^@]+\.ya?ml(?=@)/)?.[0];
  return path !== undefined && commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? `${path}@${commit}` : undefined;
});

export const repository: Field = field(
  'repository',
  'anchor',
  text('repository'),
  'Owner and name of the repository, for example acme/ui. Case does not matter.',
  {
    compare: 'fold',
    problem: (value) => (/^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9._-]+$/.test(value) ? undefined : 'write owner/name, for example acme/ui'),
  },
);

export const repositoryOwnerId: Field = field(
  'repository_owner_id',
  'owner',
  digits('repository_owner_id'),
  'Numeric id of the owner. A renamed and retaken owner name has another one.',
  { compare: 'digits', required: true, what: 'owner id' },
);

export const repositoryId: Field = field(
  'repository_id',
  'repository',
  digits('repository_id'),
  'Numeric id of the repository. A deleted and recreated repository has another one.',
  { compare: 'digits', what: 'repository id' },
);

export function workflow(folders: readonly string[]): Field {
  return field(
    'workflow',
    'workflow',
    workflowFile(folders),
    'File name of the workflow in the repository itself, for example release.yml. Case matters.',
    {
      required: true,
      what: 'workflow',
      problem: (value) =>
        value.includes('/')
          ? 'write the file name only, for example release.yml'
          : /\.ya?ml$/.test(value)
            ? undefined
            : 'a workflow file ends in .yml or .yaml',
    },
  );
}

export function calledWorkflow(folders: readonly string[]): Field {
  const form = new RegExp(
    String.raw`^[^/@*\s]+/[^/@*\s]+/(?:${folders.join('|').replaceAll('.', String.raw`\.`)})/[^/@*\s]+\.ya?ml@[^@\s]+$`,
  );
  return field(
    'called_workflow',
    'workflow',
    text('job_workflow_ref'),
    `Reusable workflow that defines the job: owner/repo/${folders[0]}/file.yml@ref, where the ref may be a pattern or a commit.`,
    {
      compare: 'pattern',
      any: false,
      code: 'publisher-workflow-reusable',
      alternative: calledByCommit,
      absent: text('workflow_ref'),
      values: (claims) => ({ line: stringClaim(claims, 'job_workflow_ref') ?? 'none' }),
      problem: (value) => (form.test(value) ? undefined : `write owner/repo/${folders[0]}/file.yml@refs/tags/v1`),
    },
  );
}

export const ref: Field = field('ref', 'ref', text('ref'), 'Git ref of the run, for example refs/tags/v*; a pattern, or any.', {
  compare: 'pattern',
  required: true,
  what: 'refs',
  problem: refProblem,
});

export const refProtected: Field = field('ref_protected', 'ref', flag('ref_protected'), 'true: only runs on protected refs.', {
  flag: true,
  code: 'publisher-claim',
});

export const actorId: Field = field('actor_id', 'rest', digits('actor_id'), 'Numeric id of the account that started the run.', {
  compare: 'digits',
});

const strangersCode = "they can run a stranger's code with this repository's rights; use push, release or workflow_dispatch.";

export const events: Events = {
  claim: 'event_name',
  byDefault: ['push', 'release', 'workflow_dispatch'],
  risky: { workflow_run: strangersCode, pull_request: strangersCode, issue_comment: strangersCode },
  never: { pull_request_target: strangersCode },
};

/** Claims that the starter of a run chooses, or that every repository of an owner shares (POL-31). */
export const weak: readonly string[] = [
  'aud',
  'actor',
  'actor_id',
  'event_name',
  'ref',
  'ref_type',
  'ref_protected',
  'head_ref',
  'base_ref',
  'sha',
  'workflow',
  'repository_owner',
  'repository_owner_id',
];

export function anchorText(claims: VerifiedClaims): string {
  return stringClaim(claims, 'repository') ?? 'this repository';
}

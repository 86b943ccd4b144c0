// GitHub Actions, on github.com and on GitHub Enterprise Server.
// Claims: GitHub docs, "OpenID Connect reference". `sub` is never read: its form changed on 15 July 2026 and
// organisations customise it.
import { stringClaim, type VerifiedClaims } from '../core/claims.ts';
import { foldAscii } from './conditions.ts';
import type { Field, Provider } from './provider.ts';

const folder = '/.github/workflows/';

/**
 * The file name of the caller's workflow, from `workflow_ref` = `<repository>/.github/workflows/<file>@<ref>`. Both ends
 * are compared with the `repository` and `ref` claims, never searched for: file names and refs may contain `@` and look
 * like each other (CLM-13, CLM-14).
 */
function workflowFile(claims: VerifiedClaims): string | undefined {
  const whole = stringClaim(claims, 'workflow_ref');
  const repository = stringClaim(claims, 'repository');
  const ref = stringClaim(claims, 'ref');
  if (whole === undefined || repository === undefined || !ref) return undefined;
  const prefix = `${repository}${folder}`;
  const suffix = `@${ref}`;
  if (foldAscii(whole.slice(0, prefix.length)) !== foldAscii(prefix) || !whole.endsWith(suffix)) return undefined;
  const file = whole.slice(prefix.length, whole.length - suffix.length);
  return /^[^/]+\.ya?ml$/.test(file) ? file : undefined;
}

/** The called workflow with its commit in place of the ref, so that a publisher can pin a commit. */
function calledByCommit(claims: VerifiedClaims): string | undefined {
  const called = stringClaim(claims, 'job_workflow_ref');
  const commit = stringClaim(claims, 'job_workflow_sha');
  const path = called?.match(/^[^@]+\.ya?ml(?=@)/)?.[0];
  return path !== undefined && commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? `${path}@${commit}` : undefined;
}

const read = (name: string) => (claims: VerifiedClaims) => stringClaim(claims, name);

/** Ids are strings of digits in GitHub's tokens; anything else does not match (CLM-02). */
const readId = (name: string) => (claims: VerifiedClaims) => {
  const value = stringClaim(claims, name);
  return value !== undefined && /^[1-9][0-9]*$/.test(value) ? value : undefined;
};

const fields: readonly Field[] = [
  {
    key: 'repository',
    describe: 'Owner and name of the repository, for example acme/ui. Case does not matter.',
    step: 'anchor',
    compare: 'fold',
    required: true,
    any: false,
    code: 'publisher-none',
    read: read('repository'),
    problem: (value) => (/^[A-Za-z0-9][A-Za-z0-9_-]*\/[A-Za-z0-9._-]+$/.test(value) ? undefined : 'write owner/name, for example acme/ui'),
  },
  {
    key: 'repository_owner_id',
    describe: 'Numeric id of the owner. A renamed and retaken owner name has another one.',
    step: 'owner',
    compare: 'digits',
    required: true,
    any: true,
    code: 'publisher-owner-id',
    read: readId('repository_owner_id'),
    what: 'owner id',
  },
  {
    key: 'repository_id',
    describe: 'Numeric id of the repository. A deleted and recreated repository has another one.',
    step: 'repository',
    compare: 'digits',
    required: false,
    any: true,
    code: 'publisher-repository-id',
    read: readId('repository_id'),
    what: 'repository id',
  },
  {
    key: 'workflow',
    describe: 'File name of the workflow in the repository itself, for example release.yml. Case matters.',
    step: 'workflow',
    compare: 'exact',
    required: true,
    any: true,
    code: 'publisher-workflow',
    read: workflowFile,
    what: 'workflow',
    problem: (value) =>
      value.includes('/')
        ? 'write the file name only, for example release.yml'
        : /\.ya?ml$/.test(value)
          ? undefined
          : 'a workflow file ends in .yml or .yaml',
  },
  {
    key: 'called_workflow',
    describe:
      'Reusable workflow that defines the job: owner/repo/.github/workflows/file.yml@ref, where the ref may be a pattern or a commit.',
    step: 'workflow',
    compare: 'pattern',
    required: false,
    any: false,
    code: 'publisher-workflow-reusable',
    read: read('job_workflow_ref'),
    alternative: calledByCommit,
    absent: read('workflow_ref'),
    values: (claims) => ({ line: stringClaim(claims, 'job_workflow_ref') ?? 'none' }),
    problem: (value) =>
      /^[^/@*\s]+\/[^/@*\s]+\/\.github\/workflows\/[^/@*\s]+\.ya?ml@[^@\s]+$/.test(value)
        ? undefined
        : 'write owner/repo/.github/workflows/file.yml@refs/tags/v1',
  },
  {
    key: 'environment',
    describe: 'GitHub environment of the job, or any. Case does not matter.',
    step: 'environment',
    compare: 'fold',
    required: true,
    any: true,
    code: 'publisher-environment',
    read: read('environment'),
  },
  {
    key: 'ref',
    describe: 'Git ref of the run, for example refs/tags/v*; a pattern, or any.',
    step: 'ref',
    compare: 'pattern',
    required: true,
    any: true,
    code: 'publisher-ref',
    read: read('ref'),
    what: 'refs',
    problem: (value) => (value.startsWith('refs/') ? undefined : 'write the full ref, for example refs/tags/v* or refs/heads/main'),
  },
  {
    key: 'ref_protected',
    describe: 'true: only runs on protected refs.',
    step: 'ref',
    compare: 'exact',
    required: false,
    any: true,
    flag: true,
    code: 'publisher-claim',
    read: (claims) => text(claims, 'ref_protected'),
  },
  {
    key: 'runner_environment',
    describe: 'github-hosted or self-hosted.',
    step: 'rest',
    compare: 'exact',
    required: false,
    any: true,
    code: 'publisher-claim',
    read: read('runner_environment'),
  },
  {
    key: 'repository_visibility',
    describe: 'public, private or internal.',
    step: 'rest',
    compare: 'exact',
    required: false,
    any: true,
    code: 'publisher-claim',
    read: read('repository_visibility'),
  },
  {
    key: 'actor_id',
    describe: 'Numeric id of the account that started the run.',
    step: 'rest',
    compare: 'digits',
    required: false,
    any: true,
    code: 'publisher-claim',
    read: readId('actor_id'),
  },
];

/** `ref_protected` is the string "true" in GitHub's tokens; a boolean would mean the same (CLM-27). */
function text(claims: VerifiedClaims, name: string): string | undefined {
  const value = claims.set[name];
  return Object.hasOwn(claims.set, name) && (typeof value === 'string' || typeof value === 'boolean') ? String(value) : undefined;
}

const strangersCode = "they can run a stranger's code with this repository's rights; use push, release or workflow_dispatch.";

export const github: Provider = {
  id: 'github',
  title: 'GitHub Actions',
  issuers: ['https://token.actions.githubusercontent.com'],
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
  },
  anchor: ['repository'],
  fields,
  events: {
    claim: 'event_name',
    byDefault: ['push', 'release', 'workflow_dispatch'],
    risky: { workflow_run: strangersCode, pull_request: strangersCode, issue_comment: strangersCode },
    never: { pull_request_target: strangersCode },
  },
  algorithms: ['RS256'],
  maxAge: 15 * 60,
  fresh: true,
  jti: true,
  anchorText: (claims) => stringClaim(claims, 'repository') ?? 'this repository',
  run: (claims) => {
    const repository = stringClaim(claims, 'repository') ?? '';
    const id = stringClaim(claims, 'run_id');
    const server = serverOf(stringClaim(claims, 'iss'));
    return {
      anchor: repository,
      ...optional('actor', stringClaim(claims, 'actor')),
      ...optional('commit', stringClaim(claims, 'sha')),
      ...optional('ref', stringClaim(claims, 'ref')),
      ...optional('workflow', workflowFile(claims)),
      ...optional('environment', stringClaim(claims, 'environment')),
      ...optional('run', id),
      ...optional('runUrl', id === undefined ? undefined : `${server}/${repository}/actions/runs/${id}`),
    };
  },
};

/** The web address behind an issuer: an Enterprise Server's issuer is `https://<host>/_services/token`. */
function serverOf(issuer: string | undefined): string {
  return issuer?.endsWith('/_services/token') ? issuer.slice(0, -'/_services/token'.length) : 'https://github.com';
}

function optional<K extends string>(key: K, value: string | undefined): { [k in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [k in K]?: string };
}

// Refusals that come from the identity token and the publishers it meets: the same for every client that exchanges.
import { generateKeyPairSync } from 'node:crypto';
import type { TestClaims } from '../support/claims.ts';
import type { Scene, Situation } from './scenario.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const token: readonly Situation[] = [
  {
    code: 'token-malformed',
    did: 'The CI hands out something that is no token, as a misconfigured runner may.',
    token: () => 'not.a.token',
  },
  {
    code: 'token-too-large',
    did: 'The identity token has a claim of 12,500 characters.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, groups: 'x'.repeat(12_500) }),
  },
  {
    code: 'token-invalid',
    did: 'The identity token is signed by somebody else, in the name of the issuer.',
    token: (claims, { issuer }) => issuer.sign(claims, { key: strangersKey }),
  },
  {
    code: 'token-expired',
    did: 'The token was asked for, and then the build took too long.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iat: now() - 600, nbf: now() - 900, exp: now() - 240 }),
  },
  {
    code: 'token-not-yet',
    did: 'The clock of the CI is ten minutes ahead.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iat: now() + 600, nbf: now() + 600, exp: now() + 900 }),
  },
  {
    code: 'token-too-old',
    did: 'The identity token is good for a day, as no CI needs it.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, exp: now() + 86_400 }),
  },
  {
    code: 'token-used',
    did: 'The same identity token was exchanged before, by an earlier step of the job or by whoever read its log.',
    token: async (claims, scene) => {
      const identity = scene.issuer.sign(claims);
      await scene.exchange(identity);
      return identity;
    },
  },
  {
    code: 'token-before-store',
    did: 'The proxy, with the token store that is part of it, started after the job had asked for its token.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iat: now() - 600, exp: now() + 200 }),
  },
  {
    code: 'audience',
    did: 'The identity token is for another service.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, aud: 'sts.cloud.example' }),
  },
  {
    code: 'issuer-unknown',
    did: 'The job runs on a CI server that the policy does not list.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iss: 'https://gitlab.elsewhere.example' }),
  },
  {
    code: 'issuer-slash',
    did: 'The policy has the address of the CI server without the final slash that the server itself writes.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iss: `${issuer.issuer}/` }),
  },
  {
    code: 'issuer-unreachable',
    did: 'The CI server, from which the keys come, is down.',
    token: (claims, { issuer }) => issuer.sign({ ...claims, iss: 'http://127.0.0.1:9' }),
  },
];

const workflowOf = (claims: TestClaims, file: string): string => `${String(claims['repository'])}/.github/workflows/${file}`;

const policy: readonly Situation[] = [
  { code: 'publisher-none', did: 'No publisher of the policy names the repository.', publisher: 'none' },
  {
    code: 'publisher-owner-id',
    did: 'The name of the repository is the same, but somebody else owns it now.',
    claims: { repository_owner_id: '99' },
  },
  {
    code: 'publisher-repository-id',
    did: 'The repository was deleted and made anew; the publisher pins its id.',
    publisher: { from: { repository_id: '100' } },
  },
  {
    code: 'publisher-renamed',
    did: 'The repository was renamed; the publisher pins its id.',
    publisher: { from: { repository: 'acme/widgets', repository_id: '7007' } },
    claims: { repository_id: '7007' },
  },
  {
    code: 'publisher-workflow',
    did: 'Another workflow file than the one in the policy publishes.',
    token: (claims, { issuer }) => {
      const workflow = `${workflowOf(claims, 'build.yml')}@${String(claims['ref'])}`;
      return issuer.sign({ ...claims, workflow_ref: workflow, job_workflow_ref: workflow });
    },
  },
  {
    code: 'publisher-workflow-reusable',
    did: 'The job that publishes is defined in a reusable workflow, which the publisher does not name.',
    claims: { job_workflow_ref: 'acme/ci/.github/workflows/publish.yml@refs/tags/v2', job_workflow_sha: '9'.repeat(40) },
  },
  {
    code: 'publisher-environment',
    did: 'The job has no `environment:`.',
    publisher: { from: { environment: 'production' } },
    claims: { environment: undefined },
  },
  {
    code: 'publisher-ref',
    did: 'The workflow runs on a branch; the publisher wants tags.',
    token: (claims, { issuer }) => {
      const workflow = `${workflowOf(claims, 'release.yml')}@refs/heads/main`;
      const ref = { ref: 'refs/heads/main', ref_type: 'branch', workflow_ref: workflow, job_workflow_ref: workflow };
      return issuer.sign({ ...claims, ...ref });
    },
  },
  {
    code: 'publisher-event',
    did: 'The workflow was started by `pull_request_target`.',
    claims: { event_name: 'pull_request_target' },
  },
  {
    code: 'publisher-claim',
    did: 'The job runs on a self-hosted runner; the publisher wants those of GitHub.',
    publisher: { from: { runner_environment: 'github-hosted' } },
    claims: { runner_environment: 'self-hosted' },
  },
  { code: 'publisher-brief', did: 'The registry has `refusals: brief`, and no publisher matches.', room: 'brief', publisher: 'none' },
];

const outage: readonly Situation[] = [
  { code: 'store-unavailable', did: "The proxy's Redis is down.", room: 'storeless' },
  { code: 'audit-unavailable', did: 'The disk is full, and the policy has `audit: { required: true }`.', room: 'unrecorded' },
];

/** For every client that exchanges an identity token itself. */
export const situations: readonly Situation[] = [...token, ...policy, ...outage];

/** Runs something while others exchange for the same package, more often than the limit of the stage allows. */
export async function busy<R>(scene: Scene, run: () => Promise<R>): Promise<R> {
  const others = async (count: number): Promise<void> => {
    for (let each = 0; each < count; each += 1) await scene.exchange().catch(() => undefined);
  };
  await others(31);
  const running = run();
  const ended = Promise.allSettled([running]).then(() => true);
  const more = async (): Promise<void> => {
    await others(3);
    const over = await Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, 100, false))]);
    if (!over) await more();
  };
  await more();
  return running;
}

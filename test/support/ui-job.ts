// The job that most tests publish from: acme/ui on GitHub, released from a tag, and the publisher that trusts it.
import type { CiIssuer } from './issuer.ts';
import { raw, type Proxy, type RawAnswer } from './proxy.ts';
import { SERVICE } from './service-user.ts';

const workflow = 'acme/ui/.github/workflows/release.yml@refs/tags/v1.0.0';

/** The claims in which the job differs from the issuer's usual ones. */
export const uiJob = {
  repository: 'acme/ui',
  repository_id: '101',
  repository_owner: 'acme',
  repository_owner_id: '11',
  ref: 'refs/tags/v1.0.0',
  ref_type: 'tag',
  event_name: 'push',
  workflow_ref: workflow,
  job_workflow_ref: workflow,
};

/** `from:` of a publisher that trusts it. */
export const fromUi = {
  issuer: 'github',
  repository: 'acme/ui',
  repository_owner_id: '11',
  workflow: 'release.yml',
  environment: 'any',
  ref: 'refs/tags/v*',
};

/** The environment variable that `credential` of `registryOf` takes the password from. */
export const serviceEnv = { SERVICE_PASSWORD: SERVICE.password };

/** A registry of a policy, with the service user of the test servers. What is uploaded to it as a distribution may be any text. */
export function registryOf(protocol: 'npm' | 'pypi', url: string, upstream: string, more: object = {}): object {
  const credential = { basic: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } };
  return { protocol, url, upstream, credential, ...(protocol === 'pypi' ? { check_metadata: false } : {}), ...more };
}

/** An identity token of the job, for the PyPI dialect unless `aud` says otherwise. */
export function identityOf(issuer: CiIssuer, proxy: Proxy, claims: Record<string, unknown> = {}): string {
  return issuer.sign(issuer.githubClaims({ ...uiJob, aud: proxy.host, ...claims }));
}

/** Exchanges an identity token in the PyPI dialect. */
export function mintWith(proxy: Proxy, identity: string): Promise<RawAnswer> {
  return raw(proxy, 'POST', '/_/oidc/mint-token', { host: proxy.host }, JSON.stringify({ token: identity }));
}

/** A fresh upload token of the job; throws when there is none. */
export async function mintToken(proxy: Proxy, issuer: CiIssuer, claims?: Record<string, unknown>): Promise<string> {
  const answer = await mintWith(proxy, identityOf(issuer, proxy, claims));
  if (answer.status !== 200) throw new Error(`not minted: ${answer.status} ${answer.body}`);
  return (JSON.parse(answer.body) as { token: string }).token;
}

/** An upload token as Python's clients send it. */
export function tokenBasic(token: string): string {
  return `Basic ${Buffer.from(`__token__:${token}`).toString('base64')}`;
}

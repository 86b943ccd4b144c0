// Whether the job gets an identity token, and for whom that token is. The token itself is shown nowhere.
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { isRefusal } from '../../core/refusal.ts';
import { readUnverified } from '../../oidc/unverified.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import { identityToken } from '../identity/index.ts';
import { tokenVariables } from '../identity/variable.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { ciOf } from './ci.ts';
import { bad, good, skip, type Finding } from './finding.ts';
import type { Job } from './job.ts';

export interface Identity {
  readonly findings: readonly Finding[];
  /** Undefined when the job has none that could be tried. */
  readonly token?: string;
}

const why = 'Without it no client can prove which job this is: npm ends with ENEEDAUTH, Python clients ask for a password.';

/** Finds out which audience is needed, gets a token for it, and looks at its claims. */
export async function lookAtIdentity(job: Job): Promise<Identity> {
  const audience = await audienceOf(job);
  if (audience === undefined) return { findings: [skip('identity', 'no token was asked for: its audience depends on --url')] };
  const ci = ciOf(job.env);
  try {
    const token = await identityToken({ audience, file: job.idTokenFile, variable: job.idTokenVariable, stdin: job.stdin }, job);
    const read = readUnverified(token);
    if (isRefusal(read)) return { findings: [bad('identity', 'fail', read.message, why)] };
    return { findings: judge(read.claims.unverified, audience, job), token };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const variable = tokenVariables(audience)[audience.startsWith('npm:') ? 1 : 0] ?? '';
    const fix = ci?.lines(audience, variable) ?? [];
    const outage = error.code === exitCode.outage;
    const says = outage ? error.message : `no identity token for audience ${audience}${misplaced(job.env)}`;
    return { findings: [{ ...bad('identity', 'fail', says, why, outage ? [] : fix), ...(outage ? { outage } : {}) }] };
  }
}

/** What the client of this job asks for: npm and pnpm by host, Yarn with the port, Python clients as the server says. */
async function audienceOf(job: Job): Promise<string | undefined> {
  const { url, client, ecosystem } = job;
  if (job.audience !== undefined || url === undefined) return job.audience;
  if (ecosystem === 'npm') return client === 'yarn' ? `npm:${url.host}` : `npm:${url.hostname}`;
  const told = ecosystem === 'pypi' ? await toldAudience(job, url) : undefined;
  return told ?? url.origin;
}

/** `GET /_/oidc/audience` at the root of the host, as uv, PDM and gh-action-pypi-publish do. */
async function toldAudience(job: Job, url: URL): Promise<string | undefined> {
  try {
    const answer = await job.ask(new URL('/_/oidc/audience', url));
    const said = parsedJson(answer.text);
    const audience = answer.status === 200 && isJsonObject(said) ? own(said, 'audience') : undefined;
    return typeof audience === 'string' ? audience : undefined;
  } catch (error) {
    // That it does not answer is a finding of its own.
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

/** Tokens for other audiences under other names: the most frequent mistake on GitLab. */
function misplaced(env: NodeJS.ProcessEnv): string {
  const found = Object.entries(env).flatMap(([name, value]) => {
    const read = /_ID_TOKEN$|OIDC_TOKEN/.test(name) ? readUnverified(value ?? '') : undefined;
    return read === undefined || isRefusal(read) ? [] : [`${shown(name, 60)} is for ${audienceText(read.claims.unverified)}`];
  });
  return found.length === 0 ? '' : `; ${found.join(', ')}`;
}

function audienceText(claims: JsonObject): string {
  const audience = own(claims, 'aud');
  const all = Array.isArray(audience) ? audience : [audience];
  return all.map((one) => (typeof one === 'string' ? shown(one, 80) : 'nobody')).join(' and ');
}

function judge(claims: JsonObject, audience: string, job: Job): Finding[] {
  const expires = own(claims, 'exp');
  const over = typeof expires === 'number' && expires * 1000 <= job.now();
  const identity = over
    ? bad(
        'identity',
        'fail',
        `the identity token expired ${Math.round((job.now() - expires * 1000) / 1000)} s ago`,
        'It is refused; ask for it right before publishing, and build first.',
      )
    : good('identity', workload(claims));
  if (audienceText(claims) === shown(audience, 80)) return [identity, good('audience', audience)];
  const says = `the token is for ${audienceText(claims)}, the exchange expects ${audience}`;
  const variable = tokenVariables(audience)[audience.startsWith('npm:') ? 1 : 0] ?? '';
  const reason = 'A token for somebody else could be used there as well, so it is refused here.';
  return [identity, bad('audience', 'fail', says, reason, ciOf(job.env)?.lines(audience, variable) ?? [])];
}

/** Claims that say which job this is, on the CIs that have them. */
const telling = [
  'repository',
  'project_path',
  'organization_slug',
  'pipeline_slug',
  'workflow_ref',
  'ci_config_ref_uri',
  'environment',
  'ref',
  'event_name',
  'pipeline_source',
];

function workload(claims: JsonObject): string {
  const said = telling.flatMap((name) => {
    const value = own(claims, name);
    return typeof value === 'string' && value !== '' ? [`${name} ${shown(value, 120)}`] : [];
  });
  const subject = own(claims, 'sub');
  return said.length > 0 ? said.join(', ') : `sub ${typeof subject === 'string' ? shown(subject, 200) : 'none'}`;
}

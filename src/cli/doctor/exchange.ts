// The exchange, tried with `dry_run=1`: everything is checked as for a publish, and no upload token is made.
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { covers } from '../../core/package-name.ts';
import { parseToken } from '../../core/upload-token.ts';
import { revokeToken } from '../exchange-call.ts';
import { pypi } from '../../registries/pypi/index.ts';
import { header, type Answer } from '../http.ts';
import { parsedJson } from '../json-answer.ts';
import { shown } from '../output.ts';
import { bad, good, skip, type Finding } from './finding.ts';
import type { Job } from './job.ts';

/** Tries it in the dialect of the job's clients. */
export async function lookAtExchange(job: Job, token: string | undefined): Promise<Finding> {
  if (job.url === undefined) return skip('exchange', 'not tried: give --url');
  if (token === undefined) return skip('exchange', 'not tried: there is no identity token');
  const answer = await ask(job, job.url, token);
  const fields = parsedJson(answer.text);
  const said = isJsonObject(fields) ? fields : {};
  if (answer.status < 300) return granted(job, job.url, said);
  const reason = sentence(said);
  if (reason === undefined)
    return {
      ...bad('exchange', 'fail', `the exchange was answered with ${answer.status} and no reason`, 'Is that Countersign?'),
      outage: true,
    };
  const id = header(answer, 'x-request-id');
  const tail = id === undefined || reason.includes(id) ? '' : ` (request ${shown(id, 64)})`;
  const outage = answer.status >= 500 || answer.status === 429;
  const why = outage
    ? 'This is on the side of Countersign; try again, or tell its administrator.'
    : 'The publish would be refused for the same reason.';
  return { ...bad('exchange', 'fail', `${shown(reason, 700)}${tail}`, why), ...(outage ? { outage } : {}) };
}

function ask(job: Job, url: URL, token: string): Promise<Answer> {
  if (job.ecosystem === 'npm' && job.package !== undefined) {
    const at = new URL(`-/npm/v1/oidc/token/exchange/package/${job.package.replace('/', '%2f')}?dry_run=1`, url);
    return job.ask(at, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  }
  if (job.ecosystem === 'pypi') {
    const headers = { 'content-type': 'application/json' };
    return job.ask(new URL('/_/oidc/mint-token?dry_run=1', url), { method: 'POST', headers, body: JSON.stringify({ token }) });
  }
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return job.ask(new URL('-/oidc/token?dry_run=1', url), { method: 'POST', headers, body: form.toString() });
}

/** The sentence of a refusal, in any dialect: `error_description` of OAuth, `errors[].description` of PyPI, `message` of npm. */
function sentence(said: JsonObject): string | undefined {
  const [first] = [own(said, 'errors')].flat();
  const described = isJsonObject(first) ? own(first, 'description') : undefined;
  const candidates = [own(said, 'error_description'), described, own(said, 'detail'), own(said, 'message'), own(said, 'error')];
  return candidates.find((text): text is string => typeof text === 'string' && text !== '');
}

async function granted(job: Job, url: URL, said: JsonObject): Promise<Finding> {
  if (own(said, 'dry_run') === true) return tried(job, own(said, 'grants'));
  // A proxy that does not know `dry_run` has made a token: it is given back at once.
  const made = own(said, 'access_token') ?? own(said, 'token');
  if (typeof made !== 'string' || parseToken(made).kind !== 'token')
    return bad('exchange', 'fail', 'the answer is neither a dry run nor an upload token', 'Is that Countersign?');
  await revokeToken(url, made, job.ask);
  return good('exchange', 'would be granted (this Countersign knows no dry run: a token was made and given back)');
}

/** PyPI's exchange is asked for no project: what it grants may be others than the one that is meant. */
function tried(job: Job, grants: unknown): Finding {
  const says = grantsText(grants);
  const project = job.ecosystem === 'pypi' && job.package !== undefined ? pypi.packageName(job.package) : undefined;
  const list: readonly unknown[] = Array.isArray(grants) ? grants : [];
  const entries = list.filter(isJsonObject).flatMap((grant) => [own(grant, 'packages')].flat());
  const covered = entries.some(
    (entry) =>
      typeof entry === 'string' && pypi.entryProblem(entry) === undefined && project !== undefined && covers(pypi.entry(entry), project),
  );
  if (project === undefined || covered) return good('exchange', `would be granted: ${says}`);
  const why = `An upload of ${project} would be refused: add it to \`publish:\` of a publisher, or name the project that is meant.`;
  return bad('exchange', 'fail', `${project} is not among what would be granted: ${says}`, why);
}

function grantsText(grants: unknown): string {
  const list: readonly unknown[] = Array.isArray(grants) ? grants : [];
  const texts = list.filter(isJsonObject).map((grant) => {
    const packages = [own(grant, 'packages')].flat().map(name);
    return `${packages.join(', ')} in ${name(own(grant, 'registry'))} by publisher ${name(own(grant, 'publisher'))}`;
  });
  return texts.join('; ') || 'nothing';
}

function name(value: unknown): string {
  return typeof value === 'string' ? shown(value, 80) : '?';
}

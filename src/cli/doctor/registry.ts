// Whether the job publishes to Countersign at all, and the ways of writing an address with which clients do not find their token.
import { bad, good, type Finding } from './finding.ts';
import { npmSettings, registrySetting, type Setting } from './npmrc.ts';
import type { Job } from './job.ts';

const pythonVariables = ['UV_PUBLISH_URL', 'TWINE_REPOSITORY_URL', 'PDM_PUBLISH_REPO', 'MATURIN_REPOSITORY_URL'];
const publicRegistry = /^(?:registry\.npmjs\.org|registry\.yarnpkg\.com|(?:test\.|upload\.)?pypi\.org)$/;

/** Where the job's clients publish by its files and variables, unless that is the public registry. */
export function configuredUrl(job: Pick<Job, 'env' | 'cwd' | 'ecosystem' | 'package'>): string | undefined {
  const stated = job.ecosystem === 'pypi' ? [] : [registrySetting(job, job.package)?.value];
  const values = job.ecosystem === 'npm' ? stated : [...stated, ...pythonVariables.map((name) => job.env[name])];
  return values.find((value) => {
    const url = value !== undefined && URL.canParse(value) ? new URL(value) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) && !publicRegistry.test(url.hostname);
  });
}

/** Findings for the ecosystem of the job. */
export function lookAtRegistry(job: Job): readonly Finding[] {
  if (job.url === undefined) return [];
  return job.ecosystem === 'npm' ? npmFindings(job, job.url) : job.ecosystem === 'pypi' ? pythonFindings(job, job.url) : [];
}

function npmFindings(job: Job, url: URL): Finding[] {
  const setting = registrySetting(job, job.package);
  const root = rootToken(job, url);
  if (setting === undefined) {
    const why = 'npm then publishes to the public registry, unless the command says --registry.';
    return [bad('registry', 'warn', 'no registry is set', why, [`registry=${url.href}`]), ...root];
  }
  return [npmSetting(setting, url), ...root];
}

function npmSetting({ key, value, from }: Setting, url: URL): Finding {
  const line = key === 'publishConfig.registry' ? `"publishConfig": { "registry": "${url.href}" }` : `${key}=${url.href}`;
  const stated = URL.canParse(value) ? new URL(value) : undefined;
  if (stated === undefined) return bad('registry', 'fail', `${key} in ${from} is no URL`, 'npm ignores it or fails.', [line]);
  if (stated.host !== url.host) {
    const why = 'The package goes there, and not through Countersign.';
    return bad('registry', 'fail', `${key} in ${from} is ${stated.origin}, Countersign is ${url.origin}`, why, [line]);
  }
  if (stated.pathname !== '/' && !value.endsWith('/')) {
    const why = 'npm exchanges the token, keeps it under another key than it looks under, and ends with ENEEDAUTH.';
    return bad('registry', 'fail', `${key} in ${from} does not end with a slash: ${value}`, why, [line]);
  }
  if (key.startsWith('@') && stated.pathname !== '/') {
    const why =
      'npm then sends the exchange without the identity token; `registry` itself and publishConfig work, and so does a host of its own.';
    return bad('registry', 'fail', `${key} in ${from} has a path: ${value}`, why, [`registry=${url.href}`]);
  }
  return good('registry', `${key} in ${from} is ${value}`);
}

/** A token for the root of the host is sent to the exchange, which is there, in place of the identity token. */
function rootToken(job: Job, url: URL): Finding[] {
  const found = npmSettings(job).find(({ key }) => key === `//${url.host}/:_authToken`);
  if (found === undefined || url.pathname === '/') return [];
  const why = 'npm sends it to the exchange in place of the identity token, and is refused.';
  return [
    bad('registry', 'fail', `${found.from} has a token for //${url.host}/ beside a registry with a path`, why, [
      `# remove from ${found.from}: ${found.key}=…`,
    ]),
  ];
}

function pythonFindings(job: Job, url: URL): Finding[] {
  const stated = pythonVariables.flatMap((name) => (job.env[name] ? [{ name, value: job.env[name] }] : []));
  // uv and the action take the host alone from the address; the others keep its scheme.
  const affected = url.protocol === 'http:' && (job.client === undefined || job.client === 'uv');
  const why = 'uv and gh-action-pypi-publish ask for the token over https, whatever the address says.';
  const insecure = affected ? [bad('registry', 'warn', `${url.href} is plain http`, why)] : [];
  const findings = stated.map(({ name, value }): Finding => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed?.host !== url.host)
      return bad(
        'registry',
        'fail',
        `${name} is ${parsed?.origin ?? 'no URL'}, Countersign is ${url.origin}`,
        'The files go there, and not through Countersign.',
        [`${name}=${url.href}`],
      );
    if (/\/(?:\+?simple)\/?$/.test(parsed.pathname))
      return bad('registry', 'fail', `${name} is the simple index: ${value}`, 'Installers read there; uploads go to the index itself.', [
        `${name}=${url.href}`,
      ]);
    return good('registry', `${name} is ${value}`);
  });
  return [...findings, ...insecure];
}

// Whether the clients of the job know trusted publishing, at their version and on this CI.
import { gte, valid } from 'semver';
import type { Ci } from './ci.ts';
import { bad, good, type Finding } from './finding.ts';
import { ecosystems, type Job } from './job.ts';

interface Client {
  /** The first version that knows it; undefined: none does, and the job mints a token for it. */
  readonly since?: string;
  readonly why: string;
  readonly fix: (job: Job) => readonly string[];
}

const minted =
  (variable: string) =>
  (job: Job): readonly string[] => [`${variable}="$(countersign mint --url ${job.url?.href ?? '<url>'})"`];
const npmrc = (job: Job): readonly string[] => [`countersign mint --url ${job.url?.href ?? '<url>'} --format npmrc >> ~/.npmrc`];
const noneOf = (name: string): string => `${name} has no trusted publishing for other registries than its own; give it an upload token.`;

const clients: Readonly<Record<string, Client>> = {
  npm: {
    since: '11.5.1',
    why: 'Older ones never ask for an identity token: they end with ENEEDAUTH. The npm of Node 20 and 22 is older.',
    fix: () => ['npm install -g npm@^11.5.1'],
  },
  pnpm: {
    since: '11.0.0',
    why: 'Older ones leave it to the npm on the path, whatever version that is.',
    fix: () => ['npm install -g pnpm@^11'],
  },
  yarn: { since: '4.0.0', why: 'Yarn 1 knows no trusted publishing.', fix: () => ['corepack prepare yarn@4 --activate'] },
  bun: { why: noneOf('Bun'), fix: npmrc },
  uv: { since: '0.0.0', why: '', fix: () => [] },
  pdm: { since: '0.0.0', why: '', fix: () => [] },
  maturin: { since: '0.0.0', why: '', fix: () => [] },
  twine: { why: noneOf('twine'), fix: (job) => ['TWINE_USERNAME=__token__', ...minted('TWINE_PASSWORD')(job)] },
  poetry: { why: noneOf('Poetry'), fix: minted('POETRY_PYPI_TOKEN_COUNTERSIGN') },
  hatch: { why: noneOf('Hatch'), fix: (job) => ['HATCH_INDEX_USER=__token__', ...minted('HATCH_INDEX_AUTH')(job)] },
  flit: { why: noneOf('Flit'), fix: (job) => ['FLIT_USERNAME=__token__', ...minted('FLIT_PASSWORD')(job)] },
};

/** One finding per client that is there; of several it is enough that one can do it, unless the job says which it uses. */
export async function lookAtClients(job: Job, ci: Ci | undefined): Promise<readonly Finding[]> {
  const asked = job.client === undefined ? namesFor(job) : [job.client];
  const found = await Promise.all(asked.map(async (name) => ({ name, version: await versionOf(name, job) })));
  const present = found.filter(({ version }) => version !== undefined);
  if (present.length === 0) return job.client === undefined ? [] : [missing(job.client)];
  const able = present.some(({ name, version }) => knows(name, version));
  return present.map(({ name, version = '' }) => judge(name, version, { job, ci, harmless: able && job.client === undefined }));
}

function namesFor({ ecosystem }: Job): readonly string[] {
  return Object.keys(clients).filter((name) => ecosystem === undefined || ecosystems[name] === ecosystem);
}

async function versionOf(name: string, job: Job): Promise<string | undefined> {
  const printed = await job.execute(name, ['--version']);
  return printed === undefined ? undefined : (/\d+\.\d+(?:\.\d+)?[^\s)]*/.exec(printed)?.[0] ?? '');
}

function knows(name: string, version: string | undefined): boolean {
  const since = clients[name]?.since;
  if (since === undefined || version === undefined) return false;
  return valid(version) === null || gte(version, since);
}

interface Around {
  readonly job: Job;
  readonly ci: Ci | undefined;
  /** Another client can do it, and this one may not be the one that publishes. */
  readonly harmless: boolean;
}

function judge(name: string, version: string, { job, ci, harmless }: Around): Finding {
  const client = clients[name];
  const title = `${name} ${version}`.trim();
  if (client !== undefined && !knows(name, version)) {
    const least = client.since === undefined ? '' : `, needs ${client.since} or newer`;
    return bad('client', harmless ? 'warn' : 'fail', `${title}${least}`, client.why, client.fix(job));
  }
  const ecosystem = ecosystems[name];
  // pnpm takes NPM_ID_TOKEN wherever it is; the others look for CIs that they know.
  if (ci === undefined || name === 'pnpm' || ecosystem === undefined || ci.native.includes(ecosystem)) return good('client', title);
  const fix = ecosystem === 'npm' ? npmrc(job) : minted('UV_PUBLISH_TOKEN')(job);
  return bad('client', 'warn', `${title} does not look for identity tokens on ${ci.title}`, 'Give it an upload token instead.', fix);
}

function missing(name: string): Finding {
  return bad('client', 'fail', `${name} is not on the path`, 'The step that publishes would not find it either.');
}

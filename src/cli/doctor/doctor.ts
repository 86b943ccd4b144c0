// `countersign doctor`: inside the job that publishes, everything that has to be in place is looked at, and nothing is published.
import { resolve } from 'node:path';
import { own } from '../../core/json.ts';
import { wrap } from '../../core/wrap.ts';
import { exitCode, type ExitCode } from '../exit.ts';
import { marked } from '../explain-text.ts';
import { table } from '../layout.ts';
import { surroundingsOf } from '../mint.ts';
import { count, painter, print, printJson, type Paint } from '../output.ts';
import { proxyUrl } from '../proxy-url.ts';
import type { Terminal } from '../terminal.ts';
import { ciOf } from './ci.ts';
import { lookAtClients } from './clients.ts';
import { lookAtExchange } from './exchange.ts';
import { bad, good, type Finding } from './finding.ts';
import { lookAtIdentity } from './identity.ts';
import { ecosystemOf, packageJson, packageManager, type Job } from './job.ts';
import { isPythonIndex } from './python-index.ts';
import { lookAtReach } from './reach.ts';
import { configuredUrl, lookAtRegistry } from './registry.ts';
import { lookAtTokens } from './tokens.ts';

export interface DoctorOptions {
  readonly url?: string;
  /** `<registry>:<package>` or the package alone; else the name in package.json. */
  readonly package?: string;
  readonly client?: string;
  readonly audience?: string;
  readonly idTokenFile?: string;
  readonly idTokenVariable?: string;
  readonly allowHttp?: boolean;
  readonly json?: boolean;
}

/** 0 when nothing stands in the way, 1 when something does, 4 when only something did not answer. */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<ExitCode> {
  const job = await atItsRegistry(jobOf(options, terminal), options);
  const findings = await examine(job);
  const failures = findings.filter(({ status }) => status === 'fail');
  const code = failures.length === 0 ? exitCode.ok : failures.every(({ outage }) => outage === true) ? exitCode.outage : exitCode.problem;
  if (options.json) printJson(terminal, { ok: code === exitCode.ok, findings });
  else print(terminal, [...findings.flatMap((finding) => lines(finding, terminal)), '', ...wrap(verdict(findings), terminal.width.out)]);
  return code;
}

function jobOf(options: DoctorOptions, terminal: Terminal): Job {
  const cwd = resolve(terminal.cwd);
  const named = own(packageJson(cwd), 'name');
  const name = options.package?.replace(/^[^@:/]+:/, '') ?? (typeof named === 'string' ? named : undefined);
  const client = options.client ?? packageManager(cwd);
  const ecosystem = ecosystemOf(client, name, cwd);
  const { env } = terminal;
  const stated = options.url ?? env['COUNTERSIGN_URL'] ?? configuredUrl({ env, cwd, ecosystem, package: name });
  return {
    ...surroundingsOf(terminal),
    cwd,
    now: terminal.now,
    stdin: terminal.stdin,
    url: stated === undefined ? undefined : proxyUrl(stated, options.allowHttp === true),
    client,
    ecosystem,
    package: name,
    audience: options.audience,
    idTokenFile: options.idTokenFile,
    idTokenVariable: options.idTokenVariable,
  };
}

/** The registry decides where the client does not: a package.json beside a Python index is that of something else. */
async function atItsRegistry(job: Job, stated: Pick<DoctorOptions, 'package'>): Promise<Job> {
  if (job.url === undefined || job.client !== undefined || job.package?.startsWith('@') === true) return job;
  if (!(await isPythonIndex(job.url, job.ask))) return job;
  return { ...job, ecosystem: 'pypi', package: stated.package === undefined ? undefined : job.package };
}

async function examine(job: Job): Promise<readonly Finding[]> {
  const ci = ciOf(job.env);
  const [identity, clients, reach] = await Promise.all([lookAtIdentity(job), lookAtClients(job, ci), lookAtReach(job)]);
  const reached = reach === undefined || reach.status === 'ok';
  const exchange = await lookAtExchange(job, reached ? identity.token : undefined);
  return [
    ciFinding(job, ci?.title),
    ...identity.findings,
    ...clients,
    ...lookAtTokens(job),
    ...lookAtRegistry(job),
    ...(reach === undefined ? [] : [reach]),
    exchange,
  ];
}

function ciFinding({ env, idTokenFile, idTokenVariable }: Job, title: string | undefined): Finding {
  if (title !== undefined) return good('ci', title);
  const given = idTokenFile !== undefined || idTokenVariable !== undefined || Boolean(env['COUNTERSIGN_ID_TOKEN']);
  if (given) return good('ci', 'none that is known; the identity token is given');
  const why = 'Clients look for identity tokens only on CIs that they know. Is this run inside the job that publishes?';
  return bad('ci', 'warn', 'none that is known', why, ['export COUNTERSIGN_ID_TOKEN=…   # docs/ci/other.md']);
}

/** Columns of the mark and its gap. */
const margin = 6;

function lines({ what, status, says, why, fix = [] }: Finding, { colour, width }: Terminal): string[] {
  const paint = painter(colour.out);
  const room = width.out === undefined ? undefined : width.out - margin;
  const head = table([[what.padEnd(8), says]], room).flat();
  return [...marked(head, status, paint, 0), ...reason(why, room, paint), ...change(fix, paint)];
}

function reason(why: string | undefined, room: number | undefined, paint: Paint): string[] {
  return why === undefined || why === '' ? [] : wrap(why, room).map((line) => `${' '.repeat(margin)}${paint('dim', line)}`);
}

/** Lines to copy stay whole. */
function change(fix: readonly string[], paint: Paint): string[] {
  return fix.map((line) => `${' '.repeat(margin + 2)}${paint('bold', line)}`);
}

function verdict(findings: readonly Finding[]): string {
  const failed = findings.filter(({ status }) => status === 'fail').length;
  const warned = findings.filter(({ status }) => status === 'warn').length;
  const also = warned === 0 ? '' : `, ${count(warned, 'warning', 'warnings')}`;
  if (failed > 0) return `${count(failed, 'problem', 'problems')}${also}. This job cannot publish yet.`;
  const tried = findings.some(({ what, status }) => what === 'exchange' && status === 'ok');
  return tried
    ? `This job can publish${also === '' ? '' : `; ${also.slice(2)}`}.`
    : `Nothing was found that stands in the way${also}; the exchange was not tried.`;
}

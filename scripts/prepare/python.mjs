// The Python side: a virtual environment in .cache/python with devpi, pypiserver and the upload clients, all pinned.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, canInstall } from './programs.mjs';
import { Missing, ROOT, StepFailed, fingerprint, readStamp, run, step, tryRun, writeStamp } from './step.mjs';

const VENV = join(ROOT, '.cache', 'python');
const PYTHON = join(VENV, 'bin', 'python');
const STAMP = join(VENV, '.countersign-stamp');
const REQUIREMENTS = join(ROOT, 'test', 'clients', 'requirements.txt');
const OLDEST = '3.11';
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

// Exit 0 when this Python is new enough and can make virtual environments with pip in them.
const SUITABLE = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST.replace('.', ', ')}))`;

/**
 * Makes the virtual environment when it is missing, half-made or stale. The demo takes a Python that is there and goes on
 * without; the tests also install one as root on Debian. Throws `Missing` when there is none.
 */
export async function preparePython({ forTests }) {
  // The folder is part of the stamp: a virtual environment holds absolute paths and does not survive being moved.
  const wanted = fingerprint(readFileSync(REQUIREMENTS, 'utf8'), VENV, `${process.platform} ${process.arch}`);
  const isDone = () => readStamp(STAMP) === wanted && existsSync(PYTHON);
  if (isDone()) return;
  const python = await findPython(forTests);
  const half = forTests ? 'the tests with devpi, pypiserver, twine and uv' : 'the PyPI half of the demo';
  if (python === undefined) {
    throw new Missing(`${half} left out: no Python ${OLDEST} or newer with venv here (Debian: apt-get install python3-venv)`);
  }
  const work = () => install(python, wanted);
  await step('Python environment with devpi, pypiserver, twine and uv', isDone, work).catch((error) => {
    if (!(error instanceof StepFailed)) throw error;
    throw new Missing(`${half} left out, the Python environment could not be made:\n${error.message}`);
  });
}

async function install(python, wanted) {
  rmSync(VENV, { recursive: true, force: true });
  const env = pythonEnv();
  await run(python, ['-m', 'venv', VENV], { env });
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-deps'];
  await run(PYTHON, ['-m', 'pip', 'install', ...quiet, '--requirement', REQUIREMENTS], { env });
  writeStamp(STAMP, wanted);
}

/** A Python that is new enough, or undefined; the tests install one as root on Debian. */
export async function findPython(forTests) {
  const found = await suitable();
  if (found !== undefined || !forTests || !canInstall()) return found;
  await aptInstall(['python3', 'python3-venv'], () => false);
  return suitable();
}

async function suitable() {
  for (const python of CANDIDATES) {
    const { code } = await tryRun(python, ['-c', SUITABLE], { env: pythonEnv() });
    if (code === 0) return python;
  }
  return undefined;
}

/** The environment without what would send pip's packages elsewhere than into the virtual environment. */
export function pythonEnv() {
  const env = { ...process.env };
  for (const name of ['PIP_USER', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT', 'PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV']) {
    delete env[name];
  }
  return env;
}

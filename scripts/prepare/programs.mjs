// Programs of the system that tests run: taken from the PATH, else installed by apt-get when this is root on Debian.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Missing, StepFailed, step, tryRun } from './step.mjs';

const DEBIAN_PACKAGES = {
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  curl: 'curl',
  buildah: 'buildah',
  'systemd-analyze': 'systemd',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  chromium: 'chromium',
};

/** True when the PATH has the program. */
export function has(program) {
  return (process.env.PATH ?? '').split(delimiter).some((place) => existsSync(join(place, program)));
}

/** Sees to it that the programs are there. Throws `Missing` with one sentence for those that are not. */
export async function preparePrograms(programs) {
  const absent = () => programs.filter((program) => !has(program));
  if (absent().length === 0) return;
  if (canInstall()) {
    const packages = [...new Set(absent().map((program) => DEBIAN_PACKAGES[program] ?? program))];
    await aptInstall(packages, () => absent().length === 0);
  }
  if (absent().length > 0) {
    throw new Missing(`${absent().join(' and ')} not found; install it with your system's package manager`);
  }
}

/** True for root on Debian and what derives from it. */
export function canInstall() {
  return process.getuid?.() === 0 && has('apt-get');
}

/** Installs Debian packages; a failure is `Missing`, since tests can go on without them. */
export async function aptInstall(packages, isDone) {
  // RUNLEVEL=1 keeps a freshly installed redis-server from being started as a service of the machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...packages];
  const work = async () => {
    await tryRun('apt-get', ['update', '-o', 'DPkg::Lock::Timeout=300'], { env });
    const { code, output } = await tryRun('apt-get', install, { env });
    if (code !== 0) throw new StepFailed(`prepare: apt-get install ${packages.join(' ')} failed\n${output}`);
  };
  await step(`${packages.join(', ')} from Debian`, isDone, work).catch((error) => {
    if (!(error instanceof StepFailed)) throw error;
    throw new Missing(error.message.replace(/^prepare: /, ''));
  });
}

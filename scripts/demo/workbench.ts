// A folder to try things by hand: packages to publish, and a script per repository that runs a command as a job of it.
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { locate, requires, ROOT } from '../../test/support/components.ts';
import { npmPackage } from '../../test/support/npm-package.ts';
import { pythonPackage } from '../../test/support/python-package.ts';
import { tempDir } from '../../test/support/temp.ts';
import { forkJob, uiJob, type Job } from './jobs.ts';
import { paint, row, say } from './page.ts';
import type { Stage } from './stage.ts';

const TAG = 'refs/tags/v1.1.0';

/** What a job types to upload with twine. */
function uploadScript(url: string): string {
  return `TWINE_USERNAME=__token__
TWINE_PASSWORD=$(countersign mint --url ${url} --package pypi:acme-ui) || exit
export TWINE_USERNAME TWINE_PASSWORD
exec twine upload --non-interactive --disable-progress-bar --repository-url ${url} py/dist/*`;
}

/** Makes the folder and gives its path. */
export function workbench(stage: Stage): string {
  const folder = tempDir('try');
  cpSync(npmPackage('@acme/ui', '1.1.0').folder, join(folder, 'ui'), { recursive: true });
  cpSync(pythonPackage('acme-ui', '1.1.0').folder, join(folder, 'py'), { recursive: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const node = requires('node');
  program(join(bin, 'npm'), `exec ${quoted(node)} ${quoted(requires('npm'))} "$@"`);
  // On GitHub it has its secrets blanked out of the log; here nobody would, and they would only be printed.
  program(join(bin, 'countersign'), `unset GITHUB_ACTIONS\nexec ${quoted(node)} ${quoted(join(ROOT, 'src', 'main.ts'))} "$@"`);
  const twine = locate('twine');
  if (twine !== undefined) symlinkSync(twine, join(bin, 'twine'));
  program(join(folder, 'upload'), uploadScript(stage.pypi));
  runner(folder, 'as-acme-ui', stage, uiJob(stage.github, TAG));
  runner(folder, 'as-acme-fork', stage, forkJob(stage.github, TAG));
  return folder;
}

function runner(folder: string, name: string, stage: Stage, job: Job): void {
  const home = join(folder, `home-of-${name.replace('as-', '')}`);
  mkdirSync(home);
  writeFileSync(join(home, '.npmrc'), `registry=${stage.npm}\nupdate-notifier=false\naudit=false\nfund=false\n`);
  const variables = { ...job.env, HOME: home, COUNTERSIGN_URL: stage.npm };
  const exports = Object.entries(variables).map(([variable, value]) => `export ${variable}=${quoted(value)}`);
  const path = `export PATH=${quoted(join(folder, 'bin'))}:${quoted(dirname(requires('node')))}:"$PATH"`;
  program(join(folder, name), [`# Runs a command as a job of ${job.repository} on ${job.ref}.`, ...exports, path, 'exec "$@"'].join('\n'));
}

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Addresses and commands to try. */
export function invite(stage: Stage, folder: string): void {
  say();
  say(paint('bold', 'All of it keeps running. To try by hand, in another terminal:'));
  say();
  say(`  cd ${folder}`);
  for (const [line, meaning] of attempts(stage)) say(`  ${line.padEnd(48)} ${paint('dim', `# ${meaning}`)}`);
  say();
  row('npm registry', stage.npm);
  if (stage.python !== undefined) row('Python index', stage.pypi);
  row('dashboard', `${stage.admin}  for a browser on this machine; nobody has to sign in`);
  row('policy', 'config/countersign.yaml');
  say();
  say(`Audit records appear here as they are written. ${paint('bold', 'Ctrl-C ends everything.')}`);
}

/** Commands for the folder of `workbench`, each with what it shows. */
function attempts(stage: Stage): [string, string][] {
  const python: [string, string][] = [
    [`./as-acme-ui ./upload`, 'mint and twine: acme-ui 1.1.0'],
    [`./as-acme-fork countersign mint --url ${stage.pypi}`, 'refused, and no token'],
  ];
  return [
    ['./as-acme-ui npm publish ./ui', '@acme/ui 1.1.0 from tag v1.1.0'],
    ['./as-acme-fork npm publish ./ui', 'refused, with the reason'],
    ['./as-acme-ui npm publish ./ui --force', 'a version is published once'],
    ['./as-acme-ui npm dist-tag add @acme/ui@1.0.0 lts', 'the publisher allows dist_tag'],
    ...(stage.python === undefined ? [] : python),
    [`curl ${stage.npm}@acme%2fui`, 'reads pass through'],
    [`curl ${stage.admin}readyz`, 'store, issuers, policy'],
  ];
}

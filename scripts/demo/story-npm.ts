// The npm half of the story: published by acme/ui, refused to acme/fork and to a branch, installed back.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runClient, type ClientRun } from '../../test/support/clients.ts';
import { npmPackage } from '../../test/support/npm-package.ts';
import { tempDir } from '../../test/support/temp.ts';
import { must, recorded, watch } from './act.ts';
import { forkJob, uiJob, type Job } from './jobs.ts';
import { command, shown } from './page.ts';
import type { Stage } from './stage.ts';
import type { Act } from './story.ts';

const NAME = '@acme/ui';
const VERSION = '1.0.0';
const TAG = 'refs/tags/v1.0.0';

/** The acts, in order; the later ones use what the first published. */
export function npmActs(stage: Stage): Act[] {
  const source = npmPackage(NAME, VERSION);
  const digest = { sha256: '' };
  return [
    {
      title: `A job of acme/ui, on its tag v${VERSION}, publishes ${NAME}`,
      play: () => published(stage, source.folder, digest),
    },
    {
      title: 'The same job in the repository acme/fork is refused',
      play: () => refused(stage, source.folder, forkJob(stage.github, TAG), `No trusted publisher lets acme/fork publish ${NAME}.`),
    },
    {
      title: 'acme/ui itself is refused on a branch, and told what differs',
      play: () => refused(stage, source.folder, uiJob(stage.github, 'refs/heads/main'), 'this run is on refs/heads/main'),
    },
    { title: `${NAME} is installed back, and is what was published`, play: () => installed(stage, source.folder, digest) },
  ];
}

function publish(stage: Stage, folder: string, job: Job): Promise<ClientRun> {
  command(`npm publish --registry ${stage.npm}`);
  // The address stands in .npmrc, as in a project; there is no token anywhere.
  return runClient('npm', ['publish'], { cwd: folder, env: job.env, npmrc: `registry=${stage.npm}` });
}

async function published(stage: Stage, folder: string, digest: { sha256: string }): Promise<void> {
  const { result, events } = await watch(stage, () => publish(stage, folder, uiJob(stage.github, TAG)), /^\+ /);
  must(result.code === 0, 'npm publish failed', result.output);
  recorded(events, 'exchange', 'minted');
  const upload = recorded(events, 'upload', 'uploaded');
  must(upload.anchor === 'acme/ui' && upload.sha256 !== undefined, 'the audit record does not say who published what');
  digest.sha256 = upload.sha256;
  const packument = await stage.verdaccio.packument(NAME);
  must(Object.keys((packument?.['versions'] as object) ?? {}).join() === VERSION, 'Verdaccio does not have the version');
  shown(`Verdaccio has ${NAME} ${VERSION}. The job held no secret; the service credential never left Countersign.`);
}

async function refused(stage: Stage, folder: string, job: Job, reason: string): Promise<void> {
  const { result, events } = await watch(stage, () => publish(stage, folder, job), /notice (No trusted p|P)ublisher/);
  must(result.code !== 0, 'npm publish succeeded and had to be refused', result.output);
  must(result.output.includes(reason), 'npm did not print the reason', result.output);
  recorded(events, 'exchange', 'refused');
  must(!events.some((event) => event.outcome === 'uploaded'), 'something was uploaded');
  shown(`npm ended with ${result.code} and said why; nothing reached Verdaccio.`);
}

async function installed(stage: Stage, source: string, digest: { readonly sha256: string }): Promise<void> {
  const folder = tempDir('install');
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
  command(`npm install ${NAME}@${VERSION} --registry ${stage.npm}`);
  const args = ['install', `${NAME}@${VERSION}`, '--no-audit', '--no-fund'];
  const install = (): Promise<ClientRun> => runClient('npm', args, { cwd: folder, npmrc: `registry=${stage.npm}` });
  const { result } = await watch(stage, install, /^added/);
  must(result.code === 0, 'npm install failed', result.output);
  const came = join(folder, 'node_modules', ...NAME.split('/'));
  const files = readdirSync(source).toSorted();
  must(readdirSync(came).toSorted().join() === files.join(), 'other files came back', readdirSync(came).join());
  for (const file of files) must(readFileSync(join(came, file)).equals(readFileSync(join(source, file))), `${file} came back different`);
  must(sha256(await tarball(stage)) === digest.sha256, 'the tarball is not the one in the audit record');
  shown(`${files.length} files, byte for byte; the tarball has the SHA-256 of the audit record.`);
}

async function tarball(stage: Stage): Promise<Buffer> {
  const response = await fetch(`${stage.npm}${NAME}/-/ui-${VERSION}.tgz`);
  return Buffer.from(await response.arrayBuffer());
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

// The PyPI half of the story: twine, which knows no trusted publishing here, gets its upload token from `countersign mint`.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from '../../test/support/components.ts';
import { runClient, type ClientRun } from '../../test/support/clients.ts';
import { pythonPackage } from '../../test/support/python-package.ts';
import { tempDir } from '../../test/support/temp.ts';
import { must, recorded, watch } from './act.ts';
import { forkJob, uiJob, type Job } from './jobs.ts';
import { command, shown } from './page.ts';
import type { PythonIndex, Stage } from './stage.ts';
import type { Act } from './story.ts';

const NAME = 'acme-ui';
const VERSION = '1.0.0';
const TAG = 'refs/tags/v1.0.0';
/** What `mint` prints is a secret: nothing of it is shown. */
const NOTHING = /(?!)/;

/** The acts, in order. */
export function pythonActs(stage: Stage, index: PythonIndex): Act[] {
  const source = pythonPackage(NAME, VERSION);
  return [
    {
      title: `The same job uploads ${NAME} to ${index.program}, with twine`,
      play: () => uploaded(stage, index, source.files),
    },
    { title: 'acme/fork gets no upload token for it', play: () => refused(stage) },
    { title: `${NAME} is fetched back, and is what was uploaded`, play: () => fetched(stage, index, source.wheel) },
  ];
}

/** `countersign mint` in the job; its stdout is the upload token alone. */
function mint(stage: Stage, job: Job): Promise<ClientRun> {
  command(`export TWINE_PASSWORD=$(countersign mint --url ${stage.pypi} --package pypi:${NAME})`);
  const args = [join(ROOT, 'src', 'main.ts'), 'mint', '--url', stage.pypi, '--package', `pypi:${NAME}`];
  return runClient('node', args, { env: job.env });
}

async function uploaded(stage: Stage, index: PythonIndex, files: readonly string[]): Promise<void> {
  const job = uiJob(stage.github, TAG);
  const { result: minted, events } = await watch(stage, () => mint(stage, job), NOTHING);
  must(minted.code === 0, 'countersign mint failed', minted.stderr);
  recorded(events, 'exchange', 'minted');
  command(`twine upload --repository-url ${stage.pypi} dist/*`);
  const args = ['upload', '--non-interactive', '--disable-progress-bar', '--repository-url', stage.pypi, ...files];
  const env = { ...job.env, TWINE_USERNAME: '__token__', TWINE_PASSWORD: minted.stdout.trim() };
  const upload = await watch(stage, () => runClient('twine', args, { env }), /^Uploading acme_ui/);
  must(upload.result.code === 0, 'twine upload failed', upload.result.output);
  const count = upload.events.filter((event) => event.outcome === 'uploaded').length;
  must(count === files.length, `the audit record has ${count} uploads of ${files.length}`);
  shown(`${index.program} has ${files.map((file) => basename(file)).join(' and ')}.`);
}

async function refused(stage: Stage): Promise<void> {
  const { result, events } = await watch(stage, () => mint(stage, forkJob(stage.github, TAG)), /^countersign:/);
  must(result.code === 1 && result.stdout === '', 'countersign mint had to be refused', result.output);
  must(result.stderr.includes('No trusted publisher lets acme/fork publish acme-ui.'), 'the reason was not printed', result.stderr);
  recorded(events, 'exchange', 'refused');
  shown('mint ended with 1, printed no token, and said why.');
}

async function fetched(stage: Stage, index: PythonIndex, wheel: string): Promise<void> {
  const folder = tempDir('download');
  const simple = `${stage.pypi}${index.simple}`;
  command(`pip download --index-url ${simple} --no-deps ${NAME}==${VERSION}`);
  const quiet = ['--no-input', '--disable-pip-version-check', '--no-cache-dir', '--no-deps'];
  const run = await runClient('python', ['-m', 'pip', 'download', ...quiet, '--index-url', simple, `${NAME}==${VERSION}`], { cwd: folder });
  must(run.code === 0, 'pip download failed', run.output);
  must(readFileSync(join(folder, basename(wheel))).equals(readFileSync(wheel)), 'the wheel came back different');
  shown(`${basename(wheel)}, byte for byte.`);
}

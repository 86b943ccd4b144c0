// The npm side: the project's own node_modules with Node 24 in it, and the clients the tests publish with.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROOT, StepFailed, fingerprint, readStamp, run, step, tryRun, writeStamp } from './step.mjs';

const MODULES = join(ROOT, 'node_modules');
const NODE = join(MODULES, 'node', 'bin', 'node');
const STAMP = join(MODULES, '.countersign-stamp');
const CLIENTS = join(ROOT, 'test', 'clients');
// Not `npm ci`: it refuses a lock file without the optional binaries of other platforms, which npm leaves out of a lock file
// when the registry it was made from does not carry them. With `--no-save` the versions are the lock file's and it stays as it is.
const INSTALL = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** Installs from the lock file when node_modules is missing, half-made or stale, and sees to it that Node 24 runs there. */
export async function prepareModules() {
  const manifest = JSON.parse(read(join(ROOT, 'package.json')));
  const wanted = stampOf(ROOT);
  const isDone = () => readStamp(STAMP) === wanted && isComplete(ROOT) && looksLikeNode(NODE);
  await step('packages from the lock file, with Node 24', isDone, async () => {
    await install(ROOT);
    await ensureNode(manifest.devDependencies.node);
    writeStamp(STAMP, wanted);
  });
}

/** Installs test/clients, the npm-side clients under names that carry their versions. */
export async function prepareClients() {
  const stamp = join(CLIENTS, 'node_modules', '.countersign-stamp');
  const wanted = stampOf(CLIENTS);
  const isDone = () => readStamp(stamp) === wanted && isComplete(CLIENTS);
  await step('npm, pnpm and yarn for the tests', isDone, async () => {
    await install(CLIENTS);
    await ensurePnpm12();
    writeStamp(stamp, wanted);
  });
}

async function install(folder) {
  const { packages } = JSON.parse(read(join(folder, 'package-lock.json')));
  const manifest = JSON.parse(read(join(folder, 'package.json')));
  for (const kind of ['dependencies', 'devDependencies']) {
    if (isDeepStrictEqual(packages[''][kind], manifest[kind])) continue;
    throw new StepFailed(`prepare: package-lock.json and package.json of ${folder} differ in ${kind}; run npm install and commit both`);
  }
  if (matchesLock(folder, packages)) return;
  // npm writes its hidden lock file last: without it an earlier installation was interrupted, and what is there is not to be built on.
  const modules = join(folder, 'node_modules');
  if (!existsSync(join(modules, '.package-lock.json'))) rmSync(modules, { recursive: true, force: true });
  await npm(INSTALL, folder);
}

/**
 * The `node` package fetches its binary in an install script, which a setting or an npm that allows no scripts leaves out;
 * then it is run by hand.
 */
async function ensureNode(version) {
  if (await runs(NODE, `v${version}`)) return;
  rmSync(join(MODULES, 'node', 'bin'), { recursive: true, force: true });
  const attempts = [
    () => npm(['rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts'], ROOT),
    () => run(outerNode(), ['installArchSpecificPackage.js'], { cwd: join(MODULES, 'node'), env: outerEnv() }),
  ];
  let problem = '';
  for (const attempt of attempts) {
    await attempt().catch((error) => (problem += `${error.message}\n`));
    if (await runs(NODE, `v${version}`)) return;
  }
  throw new StepFailed(`prepare: Node ${version} did not get into node_modules\n${problem}`);
}

/** pnpm 12 is a binary that its install script puts in place of a stub. */
async function ensurePnpm12() {
  const folder = join(CLIENTS, 'node_modules', 'pnpm-12');
  if (await runs(join(folder, 'pnpm'))) return;
  await run(NODE, ['install.js'], { cwd: folder });
  if (!(await runs(join(folder, 'pnpm')))) throw new StepFailed('prepare: pnpm 12 does not run on this machine');
}

async function runs(program, expected) {
  if (!existsSync(program)) return false;
  const { code, output } = await tryRun(program, ['--version']);
  return code === 0 && (expected === undefined || output.trim() === expected);
}

function looksLikeNode(path) {
  return existsSync(path) && statSync(path).size > 1_000_000;
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function stampOf(folder) {
  const platform = `${process.platform} ${process.arch}`;
  return fingerprint(read(join(folder, 'package.json')), read(join(folder, 'package-lock.json')), platform);
}

function isComplete(folder) {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(read(join(folder, 'package.json')));
  const names = Object.keys({ ...dependencies, ...devDependencies });
  return names.every((name) => existsSync(join(folder, 'node_modules', name, 'package.json')));
}

/**
 * Whether the last complete installation (npm's hidden lock file tells) has the versions of the lock file, because somebody
 * ran `npm install` himself; nothing has to be installed again then.
 */
function matchesLock(folder, packages) {
  const hidden = read(join(folder, 'node_modules', '.package-lock.json'));
  if (hidden === '' || !isComplete(folder)) return false;
  const installed = JSON.parse(hidden).packages;
  return Object.entries(packages).every(([path, { version, optional, devOptional, peer }]) => {
    if (path === '' || optional || devOptional || peer) return true;
    return installed[path]?.version === version;
  });
}

function npm(args, cwd) {
  const cli = process.env.npm_execpath;
  // The npm that was called, if it was npm: yarn and pnpm set this variable too.
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli) && !isInside(cli)) {
    return run(outerNode(), [cli, ...args], { cwd, env: outerEnv() });
  }
  return run('npm', args, { cwd, env: outerEnv() });
}

/** Node from outside of node_modules, since npm may replace the one inside while it runs. */
function outerNode() {
  const called = process.env.npm_node_execpath ?? process.execPath;
  if (!isInside(called)) return called;
  const places = outerEnv().PATH.split(delimiter);
  return places.map((place) => join(place, 'node')).find((path) => existsSync(path)) ?? called;
}

function outerEnv() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((place) => !isInside(place));
  return { ...process.env, PATH: path.join(delimiter) };
}

function isInside(path) {
  return path.startsWith(ROOT + sep);
}

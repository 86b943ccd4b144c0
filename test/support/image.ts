// Builds the Dockerfile with buildah on a base made of this machine's own files, and runs what comes out as a container would.
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { plainEnv, startServer, type RunningServer } from './process.ts';
import { requires, ROOT } from './components.ts';
import { removeTempDir, tempDir } from './temp.ts';

const run = promisify(execFile);

/** The part of an image's configuration that says how it is run. */
export type ImageConfig = {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
};

export type Image = {
  /** The image's files on this machine. */
  readonly root: string;
  readonly config: ImageConfig;
  /** Size in bytes, as buildah counts it. */
  readonly size: number;
  /** Starts the image's own command with `/etc/countersign` being this folder. */
  start(folder: string, ready: () => Promise<boolean>): Promise<RunningServer>;
  /** Runs a command inside with the same folder, and gives its exit code and output. */
  exec(folder: string, command: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
  remove(): Promise<void>;
};

/** Builds the image in a storage of its own; takes about a minute. Needs root. */
export async function buildImage(): Promise<Image> {
  const storage = tempDir('image');
  // Copies instead of overlay mounts: works inside of containers too, and leaves nothing mounted.
  const place = ['--storage-driver', 'vfs', '--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  const buildah = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(requires('buildah'), [...place, ...args], { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  };
  const cache = await makeBase(buildah);
  const isolation = ['--isolation', 'chroot', '--network', 'host', '--format', 'docker', '--volume', `${cache}:/var/cache/npm`];
  await buildah('build', ...isolation, '--build-arg', 'BASE=localhost/base', '--tag', 'localhost/countersign', '-f', 'Dockerfile', '.');
  const [image] = JSON.parse(await buildah('images', '--json', 'localhost/countersign')) as { size: string }[];
  const inspected = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/countersign')) as { Docker: { config: ImageConfig } };
  const { config } = inspected.Docker;
  const root = await buildah('mount', await buildah('from', 'localhost/countersign'));
  return {
    root,
    config,
    size: bytes(image?.size ?? ''),
    start: (folder, ready) =>
      startServer({ name: 'the image', ...inside(root, folder, config, [...config.Entrypoint, ...config.Cmd]), env: plainEnv(), ready }),
    async exec(folder, command) {
      const { command: file, args } = inside(root, folder, config, command);
      return new Promise((resolve) => {
        execFile(file, args, { env: plainEnv() }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
        });
      });
    },
    async remove() {
      await buildah('rm', '--all');
      removeTempDir(storage);
    },
  };
}

type Buildah = (...args: readonly string[]) => Promise<string>;

const PROGRAMS = ['bash', 'cat', 'cp', 'dash', 'env', 'grep', 'ldd', 'mkdir', 'sort', 'xargs', 'rm'];

/**
 * Makes `localhost/base`, what `node:24-slim` is elsewhere: Node, npm and the programs that the Dockerfile calls. npm gets
 * this machine's registry, certificates and cache, so that the Dockerfile needs to know nothing of them. Gives the cache.
 */
async function makeBase(buildah: Buildah): Promise<string> {
  const container = await buildah('from', 'scratch');
  const root = await buildah('mount', container);
  for (const folder of ['usr/bin', 'usr/lib/node_modules', 'usr/lib64', 'etc', 'proc', 'sys', 'dev', 'root', 'var/cache/npm']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  await copyPrograms(root);
  cpSync(dirname(dirname(requires('npm'))), join(root, 'usr/lib/node_modules/npm'), { recursive: true });
  const npm = join(root, 'usr/bin/npm');
  writeFileSync(npm, '#!/bin/sh\nexec node /usr/lib/node_modules/npm/bin/npm-cli.js "$@"\n', { mode: 0o755 });
  symlinkSync('dash', join(root, 'usr/bin/sh'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const { registry, cafile, cache } = await npmSettings();
  mkdirSync(cache, { recursive: true });
  const env = ['PATH=/usr/bin', `NPM_CONFIG_REGISTRY=${registry}`, 'NPM_CONFIG_CACHE=/var/cache/npm', 'NPM_CONFIG_PREFER_OFFLINE=true'];
  const authorities = cafile ?? process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined && existsSync(authorities)) {
    copyFileSync(authorities, join(root, 'etc/ca.pem'));
    env.push('NODE_EXTRA_CA_CERTS=/etc/ca.pem');
  }
  await buildah('config', ...env.flatMap((setting) => ['--env', setting]), container);
  await buildah('commit', '--quiet', '--rm', container, 'localhost/base');
  return cache;
}

async function copyPrograms(root: string): Promise<void> {
  const programs = [['node', requires('node')], ...PROGRAMS.map((name) => [name, `/usr/bin/${name}`])] as const;
  for (const [name = '', path = ''] of programs) {
    copyFileSync(existsSync(path) ? path : `/bin/${name}`, join(root, 'usr/bin', name));
    // `ldd` itself is a script, and says so with an exit code.
    const { stdout } = await run('ldd', [path]).catch(() => ({ stdout: '' }));
    for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
  }
}

async function npmSettings(): Promise<{ registry: string; cafile: string | null; cache: string }> {
  const { stdout } = await run(requires('node'), [requires('npm'), 'config', 'list', '--json'], { cwd: ROOT });
  return JSON.parse(stdout) as { registry: string; cafile: string | null; cache: string };
}

/**
 * What a container engine does with `--read-only --cap-drop ALL --security-opt no-new-privileges --network host`: a root
 * that nobody can write to, the image's user and environment, process 1 of its own namespace.
 */
const CONTAINER = `set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/etc/countersign"
mount -t proc proc "$1/proc"
mount --bind /dev/null "$1/dev/null"
mount -o remount,bind,ro "$1"
mount -o remount,bind,ro "$1/etc/countersign"
cd "$1"
root=$1 user=$3
shift 3
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`;

function inside(root: string, folder: string, config: ImageConfig, command: readonly string[]): { command: string; args: string[] } {
  for (const mountPoint of ['etc/countersign', 'proc', 'dev']) mkdirSync(join(root, mountPoint), { recursive: true });
  writeFileSync(join(root, 'dev/null'), '');
  const own = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const environment = ['env', '-i', ...config.Env];
  const args = [
    ...own,
    ...environment,
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'sh',
    '-c',
    CONTAINER,
    'container',
    root,
    folder,
    config.User,
  ];
  return { command: 'unshare', args: [...args, ...command] };
}

function bytes(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+) ?([KMG]?B)/.exec(text) ?? [];
  return Number(number) * ({ B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN);
}

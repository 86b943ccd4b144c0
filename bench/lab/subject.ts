// Countersign as it is in the image: compiled, with the arguments that the image gives to Node.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../../test/support/ports.ts';
import { answers, plainEnv, startServer } from '../../test/support/process.ts';
import { requires, ROOT } from '../../test/support/components.ts';
import { removeTempDir, tempDir } from '../../test/support/temp.ts';
import { pinned, places } from './machine.ts';
import type { Started } from './start.ts';

/** A compiled Countersign. */
export interface Build {
  readonly name: string;
  /** Folder with `dist/` and `node_modules/`. */
  readonly folder: string;
}

/** Compiles what is in a folder, with the packages that are installed here: what `npm run build` does there. */
export function compile(name: string, folder: string): Build {
  execFileSync(requires('node'), [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], { cwd: folder });
  const assets = join('admin', 'assets');
  if (existsSync(join(folder, 'src', assets))) cpSync(join(folder, 'src', assets), join(folder, 'dist', assets), { recursive: true });
  return { name, folder };
}

/** Compiles the working tree. */
export const buildHere = (): Build => compile('countersign', ROOT);

export interface SubjectOptions {
  readonly build: Build;
  readonly policy: (url: string) => Record<string, unknown>;
  readonly env?: Readonly<Record<string, string>>;
  readonly on?: readonly number[];
  readonly node?: readonly string[];
  /** More files beside the policy, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Subject extends Started {
  /** Milliseconds from the command to `/readyz`. */
  readonly startedIn: number;
  readonly admin: string;
  readonly host: string;
}

/** Far from every limit: the generator is one address and one publisher. */
const limits = {
  refused_exchanges: 100_000,
  packages_per_minute: 10_000,
  exchanges_per_package: 100_000,
  connections: 100_000,
  requests: 100_000,
};

/** Starts `countersign serve` and waits until `/readyz` says so. */
export async function startSubject({ build, policy, env, on = places.subject, node = [], files = {} }: SubjectOptions): Promise<Subject> {
  const folder = tempDir('bench');
  const [port = 0, adminPort = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${port}/`;
  const admin = `http://127.0.0.1:${adminPort}/`;
  const { server: own, ...rest } = policy(url) as { server?: object };
  const server = { listen: `127.0.0.1:${port}`, admin: `127.0.0.1:${adminPort}`, limits, ...own };
  writeFileSync(join(folder, 'countersign.yaml'), stringify({ server, ...rest }, { aliasDuplicateObjects: false }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const program = join(build.folder, 'dist', 'main.js');
  const [command, args] = pinned(on, requires('node'), [...node, program, 'serve', '--config', join(folder, 'countersign.yaml')]);
  const began = performance.now();
  const running = await startServer({
    name: build.name,
    command,
    args,
    cwd: folder,
    env: plainEnv(env),
    ready: () => answers(`${admin}readyz`),
  });
  const startedIn = performance.now() - began;
  const close = async (): Promise<void> => {
    await running.stop();
    removeTempDir(folder);
  };
  return { port, url, admin, host: `127.0.0.1:${port}`, pid: running.pid, server: running, startedIn, close };
}

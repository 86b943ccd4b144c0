// What is looked at: the job's environment and folder, and where it wants to publish.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import type { Surroundings } from '../identity/source.ts';
import { parsedJson } from '../json-answer.ts';

export type Ecosystem = 'npm' | 'pypi';

/** Clients by name, and the ecosystem that each publishes to. */
export const ecosystems: Readonly<Record<string, Ecosystem>> = {
  npm: 'npm',
  pnpm: 'npm',
  yarn: 'npm',
  bun: 'npm',
  uv: 'pypi',
  twine: 'pypi',
  pdm: 'pypi',
  maturin: 'pypi',
  poetry: 'pypi',
  hatch: 'pypi',
  flit: 'pypi',
};

export interface Job extends Surroundings {
  readonly cwd: string;
  /** Milliseconds. */
  readonly now: () => number;
  readonly stdin: () => Promise<string | undefined>;
  /** The registry on Countersign; undefined: what is asked of it is left out. */
  readonly url: URL | undefined;
  /** The one client that publishes; undefined: whichever is there. */
  readonly client: string | undefined;
  readonly ecosystem: Ecosystem | undefined;
  /** Name of the package that is published, where it is known. */
  readonly package: string | undefined;
  readonly audience: string | undefined;
  readonly idTokenFile: string | undefined;
  readonly idTokenVariable: string | undefined;
}

/** A file of the job's folder or of its home, undefined when there is none. */
export function textIn(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

export function homeOf(env: NodeJS.ProcessEnv): string {
  return env['HOME'] ?? env['USERPROFILE'] ?? homedir();
}

/** `package.json` of the folder; empty when there is none. */
export function packageJson(cwd: string): JsonObject {
  const parsed = parsedJson(textIn(cwd, 'package.json') ?? '');
  return isJsonObject(parsed) ? parsed : {};
}

/** The client that `packageManager` of package.json names. */
export function packageManager(cwd: string): string | undefined {
  const stated = own(packageJson(cwd), 'packageManager');
  const name = typeof stated === 'string' ? /^(npm|pnpm|yarn|bun)@/.exec(stated)?.[1] : undefined;
  return name;
}

/** By the client, the form of the package's name, or the files of the folder. */
export function ecosystemOf(client: string | undefined, name: string | undefined, cwd: string): Ecosystem | undefined {
  if (client !== undefined) return ecosystems[client];
  if (name?.startsWith('@') === true || textIn(cwd, 'package.json') !== undefined) return 'npm';
  const python = ['pyproject.toml', 'setup.py', 'setup.cfg'].some((file) => textIn(cwd, file) !== undefined);
  return python ? 'pypi' : undefined;
}

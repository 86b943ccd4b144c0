// A folder as a CI job has it: files, a home of its own, and programs on the path that say their version.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tempDir } from '../support/temp.ts';
import { countersign, type Printed } from './fake-terminal.ts';

export interface JobFolder {
  /** Files by path in the folder; those under `home/` are in the job's home. */
  readonly files?: Readonly<Record<string, string>>;
  /** What `<name> --version` prints. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Makes the folder; gives its path and the variables of a step that runs in it. */
export function jobFolder({ files = {}, programs = { npm: '11.19.1' }, env = {} }: JobFolder): {
  cwd: string;
  env: Record<string, string>;
} {
  const cwd = tempDir('job');
  for (const [name, text] of Object.entries({ 'home/.keep': '', ...files })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const bin = join(cwd, 'bin');
  mkdirSync(bin);
  for (const [name, version] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho '${version}'\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { cwd, env: { HOME: join(cwd, 'home'), PATH: bin, ...env } };
}

export interface Examined extends Printed {
  /** The findings of `--json`, as `status what says`. */
  readonly findings: readonly string[];
  /** Finding by what it is about: all that it says, with why and the lines to change. */
  readonly about: (what: string) => string;
}

interface Finding {
  readonly what: string;
  readonly status: string;
  readonly says: string;
  readonly why?: string;
  readonly fix?: readonly string[];
}

/** Runs `countersign doctor --json` in such a folder. */
export async function doctorIn(folder: JobFolder): Promise<Examined> {
  const { cwd, env } = jobFolder(folder);
  const printed = await countersign(['doctor', '--json', ...(folder.args ?? [])], { cwd, env });
  const findings = printed.code === 2 ? [] : (JSON.parse(printed.out) as { findings: Finding[] }).findings;
  return {
    ...printed,
    findings: findings.map(({ status, what, says }) => `${status} ${what} ${says}`),
    about: (what) =>
      findings
        .filter((finding) => finding.what === what)
        .map(({ status, says, why = '', fix = [] }) => [`${status} ${says}`, why, ...fix].join('\n'))
        .join('\n'),
  };
}

/** The same as a person sees it. */
export function doctorTextIn(folder: JobFolder, width?: number): Promise<Printed> {
  const { cwd, env } = jobFolder(folder);
  return countersign(['doctor', ...(folder.args ?? [])], { cwd, env, ...(width === undefined ? {} : { width }) });
}

// A terminal that keeps what is printed, and a configuration file to run commands on.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Terminal } from '../../src/cli/terminal.ts';
import { run } from '../../src/cli/program.ts';
import { tempDir } from '../support/temp.ts';

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Around {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly colour?: boolean;
  readonly now?: () => number;
  /** Columns of both streams; none unless said, as in a pipe. */
  readonly width?: number;
  readonly cwd?: string;
  /** What a person types, line by line. */
  readonly typed?: readonly string[];
}

/** A terminal and the text printed on it so far. */
export function fakeTerminal(around: Around = {}): { terminal: Terminal; out: () => string; err: () => string } {
  const kept = { out: '', err: '' };
  const typed = [...(around.typed ?? [])];
  const ask = (question: string): Promise<string | undefined> => {
    kept.err += question;
    return Promise.resolve(typed.shift());
  };
  const terminal: Terminal = {
    out: (text) => (kept.out += text),
    err: (text) => (kept.err += text),
    stdin: () => Promise.resolve(around.stdin),
    converse: around.typed === undefined ? undefined : () => ({ ask, close: () => undefined }),
    env: around.env ?? {},
    cwd: around.cwd ?? process.cwd(),
    width: { out: around.width, err: around.width },
    colour: { out: around.colour === true, err: around.colour === true },
    now: around.now ?? Date.now,
  };
  return { terminal, out: () => kept.out, err: () => kept.err };
}

/** Runs one command line in this process. */
export async function countersign(argv: readonly string[], around: Around = {}): Promise<Printed> {
  const { terminal, out, err } = fakeTerminal(around);
  const code = await run(argv, terminal);
  return { code, out: out(), err: err() };
}

/** Writes a file of a new temporary folder and gives its path. */
export function written(name: string, content: string): string {
  const path = join(tempDir('cli'), name);
  writeFileSync(path, content);
  return path;
}

/** A small valid policy. Every value can be replaced. */
export function policy(
  values: { issuer?: string; upstream?: string; store?: string; credential?: string; environment?: string } = {},
): string {
  return `${values.store === undefined ? '' : `store: ${values.store}\n`}issuers:
  github:
    issuer: ${values.issuer ?? 'https://token.actions.githubusercontent.com'}
    ${values.issuer === undefined ? '' : 'insecure: true'}
registries:
  npm:
    protocol: npm
    url: https://npm.acme.dev/
    upstream: ${values.upstream ?? 'http://127.0.0.1:4873/'}
    credential: ${values.credential ?? '{ bearer: "${NPM_CREDENTIAL}" }'}
publishers:
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui
      repository_id: 101
      repository_owner_id: 11
      workflow: release.yml
      environment: ${values.environment ?? 'release'}
      ref: refs/heads/main
    publish: { npm: ["@acme/ui"] }
  - name: icons-release
    from:
      issuer: github
      repository: acme/icons
      repository_id: 102
      repository_owner_id: 11
      workflow: release.yml
      environment: release
      ref: refs/tags/v*
    publish: { npm: ["@acme/icons"] }
`;
}

/** The variables that the policy needs. */
export const policyEnv: NodeJS.ProcessEnv = { NPM_CREDENTIAL: 'service-credential-4711' };

// The list of sources of identity tokens, in the order in which they are tried, and the choice among them.
import { readFile } from 'node:fs/promises';
import { CommandFailed, exitCode } from '../exit.ts';
import { buildkite } from './buildkite.ts';
import { circleci } from './circleci.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google.ts';
import type { IdentitySource, Surroundings } from './source.ts';
import { ownVariable } from './variable.ts';

export const sources: readonly IdentitySource[] = [github, gitlab, circleci, buildkite, google];

export interface Wanted {
  readonly audience: string;
  /** `--id-token-file`: a path, or `-` for stdin. */
  readonly file?: string | undefined;
  /** `--id-token-variable`. */
  readonly variable?: string | undefined;
  readonly stdin: () => Promise<string | undefined>;
}

/**
 * The job's identity token.
 * @throws CommandFailed (`usage`) with what the job has to change when there is none
 */
export async function identityToken(wanted: Wanted, surroundings: Surroundings): Promise<string> {
  const { token, from } = await find(wanted, surroundings);
  // Checked here so that a mixed-up secret is not sent to the proxy; the text itself is never shown.
  if (/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return token;
  throw new CommandFailed(exitCode.usage, `What ${from} holds is not an identity token (a JWT has three parts, divided by dots).`);
}

async function find(wanted: Wanted, surroundings: Surroundings): Promise<{ token: string; from: string }> {
  const { env } = surroundings;
  if (wanted.file !== undefined)
    return { token: await fromFile(wanted.file, wanted.stdin), from: wanted.file === '-' ? 'stdin' : wanted.file };
  const variable = wanted.variable ?? (env[ownVariable] ? ownVariable : undefined);
  if (variable !== undefined) {
    const token = env[variable]?.trim();
    if (!token) throw new CommandFailed(exitCode.usage, `The variable ${variable} is not set.`);
    return { token, from: variable };
  }
  const source = sources.find((candidate) => candidate.here(env));
  if (source === undefined) throw new CommandFailed(exitCode.usage, noSource());
  const fetched = await source.fetch(wanted.audience, surroundings);
  if ('missing' in fetched) throw new CommandFailed(exitCode.usage, fetched.missing);
  return { token: fetched.token.trim(), from: source.title };
}

function noSource(): string {
  const known = sources.map((source) => source.title).join(', ');
  return `No identity token: this is none of ${known}. Set ${ownVariable}, or use --id-token-variable or --id-token-file.`;
}

async function fromFile(path: string, stdin: Wanted['stdin']): Promise<string> {
  if (path === '-') {
    const piped = await stdin();
    if (piped === undefined) throw new CommandFailed(exitCode.usage, 'Pipe the identity token into stdin.');
    return piped.trim();
  }
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === undefined) throw new CommandFailed(exitCode.usage, `${path} cannot be read.`);
  return content.trim();
}
